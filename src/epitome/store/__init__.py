"""Files and tables on disk, written so that a crash costs nothing."""

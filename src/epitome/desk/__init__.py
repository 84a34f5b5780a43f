"""What a team keeps: keys, and later jobs, the archive, reviews and their trail."""

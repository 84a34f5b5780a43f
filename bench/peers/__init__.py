"""The systems that Epitome is measured against, and Epitome itself, each in a process of its own."""

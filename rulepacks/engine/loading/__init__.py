"""From the files of a pack to its spec."""

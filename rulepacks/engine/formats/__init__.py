"""One reader per file format: delivered bytes in, text columns and rejected rows out, in bounded memory."""

"""The C library as ctypes sees it. Nothing outside the package needs it."""

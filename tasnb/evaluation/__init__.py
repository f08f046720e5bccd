"""Methods x samples -> tables."""

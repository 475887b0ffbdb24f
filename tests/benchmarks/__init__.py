"""Measurements against a throw-away instance; `./run.sh bench NAME` runs one."""

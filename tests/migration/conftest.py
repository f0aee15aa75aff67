"""The programs are run by `test_programs.py`; they are no modules with doctests."""

collect_ignore_glob = ["*/before/*", "*/after/*"]

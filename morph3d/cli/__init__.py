"""The programs: one module each, with `define()`, `main()` and `run()`; program.py starts and ends them."""

"""`python -m marketplace` is `yinqiao`."""

from marketplace.cli import main

main()

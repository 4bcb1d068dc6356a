"""`python -m seqtoolkit` is `seqtoolkit`."""

from seqtoolkit.cli import main

raise SystemExit(main())

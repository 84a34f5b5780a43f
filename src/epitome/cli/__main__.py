"""`python -m epitome.cli`, for launchers that start modules (`torchrun -m epitome.cli train …`)."""

from epitome.cli.main import main

main()

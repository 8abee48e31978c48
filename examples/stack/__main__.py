"""`python -m examples.stack`, which `make up` runs."""

import os
import sys

from examples.stack.config import CannotStart, StackConfig
from examples.stack.runner import up


def main() -> int:
    environ = dict(os.environ)  # noqa: TID251 (handed on to every part)
    try:
        up(StackConfig.from_environment(environ), environ)
    except CannotStart as refusal:
        print(f"make up: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

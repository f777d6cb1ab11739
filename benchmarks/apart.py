"""Child side of ``benchmarks.apart``: one function, one process, one line of JSON."""

import importlib
import json
import os
import sys
import time

from benchmarks import peak_mb


def main() -> None:
    target, args = sys.argv[1], json.loads(sys.argv[2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xxgx.settings")
    import django

    django.setup()
    module, _, function = target.partition(":")
    call = getattr(importlib.import_module(module), function)
    start = time.perf_counter()
    value = call(*args)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), "value": value}))


if __name__ == "__main__":
    main()

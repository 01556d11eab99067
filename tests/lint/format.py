#!/usr/bin/env python3
"""Whether clang-format 14 would change any C file. Usage: format.py FOLDER [--fix]"""
import shutil
import subprocess
import sys
from pathlib import Path

import lint


def main():
    root = Path(sys.argv[1]).resolve()
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if tool is None:
        sys.exit("clang-format is not installed")
    files = [str(path) for path in lint.files_below(root, lint.CODE_FOLDERS, {".c", ".h"})]
    if "--fix" in sys.argv[2:]:
        sys.exit(subprocess.run([tool, "--style=file", "-i", *files]).returncode)
    changed = []
    for file in files:
        formatted = subprocess.run([tool, "--style=file", file], capture_output=True, check=True).stdout
        if formatted != Path(file).read_bytes():
            changed.append(file)
    for file in changed:
        print(f"{Path(file).relative_to(root)}: not formatted (python3 tests/lint/format.py . --fix)")
    print(f"{len(files)} files, {len(changed)} not formatted")
    sys.exit(1 if changed else 0)


if __name__ == "__main__":
    main()

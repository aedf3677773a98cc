# SPDX-License-Identifier: BSD-2-Clause
"""What the scripts share that seed faults in a copy of the sources and see that they are found."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
CLANG = os.environ.get("CLANG", "clang-14")
FUZZ_SECONDS = 60
SANITIZE = ["-std=gnu11", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def seed(work, folder, file, old, new):
    """A copy of a folder of the tree in which `old` is `new`."""
    copy = work / folder
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(TOP / folder, copy)
    path = copy / file
    text = path.read_text()
    if text.count(old) != 1:
        sys.exit(f"{folder}/{file} has {text.count(old)} times: {old.strip()}")
    path.write_text(text.replace(old, new))
    return copy


def compile_seeded(compiler, includes, sources, output, arguments, libraries=()):
    """Compiles a program of the seeded sources, with the sanitizers."""
    command = [compiler, *SANITIZE, *arguments, *(f"-I{path}" for path in includes), "-o",
               str(output), *map(str, sources), *libraries]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"the seeded sources do not compile:\n{done.stderr}")


def compile_others(compiler, work, includes, sources, arguments):
    """Compiles sources without a seeded fault, the first time; returns an archive, from which a
    program takes what it needs."""
    archive = work / "others.a"
    if not archive.exists():
        command = [compiler, *SANITIZE, *arguments, *(f"-I{path}" for path in includes), "-c"]
        objects = [work / f"other{number}.o" for number in range(len(sources))]
        for source, output in zip(sources, objects):
            subprocess.run([*command, source, "-o", output], check=True)
        subprocess.run(["ar", "rcs", archive, *objects], check=True)
    return archive


def fuzz(work, program, corpus_in_tree, what):
    """Whether the fuzz target finds the fault in time, from the corpus in the tree."""
    corpus = work / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.copytree(corpus_in_tree, corpus)
    start = time.monotonic()
    done = subprocess.run([program, f"-max_total_time={FUZZ_SECONDS}", "-timeout=10", "-seed=1",
                           "-max_len=700", f"-artifact_prefix={work}/", corpus],
                          capture_output=True, text=True, check=False)
    good = done.returncode != 0
    why = re.search(r"does not hold: .*|ERROR: \w+Sanitizer: [\w-]+|runtime error: .*|ERROR: .*",
                    done.stderr)
    print(f"{'found' if good else 'NOT FOUND'}: {what} after {time.monotonic() - start:.1f} s: "
          f"{why.group(0) if why else ''}", flush=True)
    return good


def run_table(table, run, chosen):
    """Runs the lines whose first word is chosen (all without one), and ends the script."""
    lines = [line for line in table if not chosen or line[0] in chosen]
    if not lines:
        sys.exit("nothing of that name")
    with tempfile.TemporaryDirectory() as name:
        results = [run(pathlib.Path(name), *line) for line in lines]
    print(f"{sum(results)} of {len(results)} found")
    sys.exit(0 if all(results) else 1)

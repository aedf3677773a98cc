# SPDX-License-Identifier: BSD-2-Clause
"""Debian packages for arm64, fetched with the machine's own apt in a private state folder.

The sources are those that the machine has configured for Debian, with their keyrings; another
release is the same sources with another suite. apt checks every signature. Nothing outside the
state folder is written: not the machine's package lists, cache, architectures or packages. No
privilege is needed.

What was fetched is recorded in `packages.json` in the state folder; while the files recorded there
are in place no network is used.
"""

import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ARCHITECTURE = "arm64"
_KEPT_FIELDS = ("signed-by", "check-valid-until", "check-date")


class DebianError(Exception):
    """A sentence that says why packages cannot be had."""


def say(text):
    """Progress, one line at a time."""
    print(text, flush=True)


def sha256_of(path):
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def host_codename(path="/etc/os-release"):
    """The release that the machine's sources are configured for, such as `bookworm`."""
    values = {}
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DebianError(f"cannot tell this machine's release: {error}") from error
    for line in text.splitlines():
        key, separator, value = line.partition("=")
        if separator:
            values[key] = value.strip("\"'")
    if values.get("ID") != "debian" or "VERSION_CODENAME" not in values:
        raise DebianError("guest images are fetched through the sources of a Debian machine; "
                          f"this one is {values.get('PRETTY_NAME', 'unknown')}")
    return values["VERSION_CODENAME"]


def _deb822_stanzas(text):
    """The stanzas of a `.sources` file: dictionaries with lower-case field names."""
    stanza, field = {}, None
    for line in text.splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza, field = {}, None
        elif line[0] in " \t":
            if field is not None:
                stanza[field] += "\n" + line
        else:
            name, separator, value = line.partition(":")
            if separator:
                field = name.strip().lower()
                stanza[field] = value.strip()


def _one_line_stanzas(text):
    """The lines of a `sources.list` file in the shape that _deb822_stanzas() gives."""
    pattern = re.compile(r"^\s*(deb)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*?)\s*(?:#.*)?$")
    for line in text.splitlines():
        match = pattern.match(line)
        if not match:
            continue
        stanza = {"types": "deb", "uris": match[3], "suites": match[4], "components": match[5]}
        for option in (match[2] or "").split():
            name, _, value = option.partition("=")
            stanza[name.lower()] = value
        yield stanza


def _same_release(suite, codename):
    """Whether a suite is the release itself, its updates or its security updates."""
    return suite in (codename, f"{codename}-updates", f"{codename}-security",
                     f"{codename}/updates")


def translate_sources(stanzas, codename, release):
    """Keep what belongs to the Debian release `codename`, and name `release` instead.

    Returns the text of a `.sources` file. Only the component main, only binary packages, and never
    a source's `Trusted` option: what is not signed is not used.
    """
    out = []
    for stanza in stanzas:
        if stanza.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        suites = [s for s in stanza.get("suites", "").split() if _same_release(s, codename)]
        if ("deb" not in stanza.get("types", "").split() or not suites
                or "main" not in stanza.get("components", "").split()):
            continue
        fields = ["Types: deb", f"URIs: {stanza.get('uris', '')}",
                  "Suites: " + " ".join(release + s[len(codename):] for s in suites),
                  "Components: main"]
        fields += [f"{name.title()}: {stanza[name]}" for name in _KEPT_FIELDS if name in stanza]
        out.append("\n".join(fields) + "\n")
    if not out:
        raise DebianError(f"no source of Debian {codename} is configured in this machine's apt")
    return "\n".join(out)


def machine_sources(etc="/etc/apt"):
    """Every configured source of the machine, in the order in which apt reads them."""
    folder = pathlib.Path(etc)
    files = [folder / "sources.list"]
    parts = folder / "sources.list.d"
    if parts.is_dir():
        files += sorted(parts.iterdir())
    stanzas = []
    for file in files:
        if not file.is_file() or file.suffix not in (".list", ".sources"):
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        parse = _deb822_stanzas if file.suffix == ".sources" else _one_line_stanzas
        stanzas += parse(text)
    return stanzas


class Store:
    """The private apt state of one release. Use as a context manager: it is locked meanwhile."""

    def __init__(self, release, folder, refresh=False):
        if not re.fullmatch(r"[a-z]+", release):
            raise DebianError(f"not the name of a Debian release: {release!r}")
        self.release = release
        self.folder = pathlib.Path(folder).resolve()
        if '"' in str(self.folder):
            raise DebianError(f"apt cannot use a folder with a quote in its name: {self.folder}")
        self._refresh = refresh
        self._updated = False
        self._lock = None
        self._record = {}

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(self.folder / "lock", "w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another build that uses {self.folder}")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._record = json.loads((self.folder / "packages.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._record = {}
        if self._refresh:
            self._record = {}
        return self

    def __exit__(self, *_):
        self._lock.close()

    def _configuration(self):
        return self.folder / "apt.conf"

    def _prepare(self):
        for name in ("state/lists/partial", "cache/archives/partial", "etc/sources", "debs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # An empty status file: dependencies are resolved as on a machine without packages.
        (self.folder / "state/status").touch()
        text = translate_sources(machine_sources(), host_codename(), self.release)
        (self.folder / "etc/sources/debian.sources").write_text(text, encoding="utf-8")
        # Read after the machine's own configuration, whose proxies and time-outs stay in force.
        # Its hooks are cleared, because they clean the machine's cache and wake its services.
        self._configuration().write_text(f"""\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "{ARCHITECTURE}";
APT::Architectures {{ "{ARCHITECTURE}"; }};
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "{self.folder}/state";
Dir::State::status "{self.folder}/state/status";
Dir::Cache "{self.folder}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{self.folder}/etc/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
""", encoding="utf-8")

    def _apt(self, tool, *arguments, capture=False):
        command = [tool, "-c", str(self._configuration())]
        if tool == "apt-get" and not sys.stdout.isatty():
            command.append("-q")
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        environment.pop("APT_CONFIG", None)
        sys.stdout.flush()
        try:
            result = subprocess.run(command + list(arguments), cwd=self.folder / "debs", text=True,
                                    check=False, env=environment,
                                    stdout=subprocess.PIPE if capture else None)
        except FileNotFoundError as error:
            raise DebianError(f"{tool} is needed to fetch Debian packages") from error
        if result.returncode != 0:
            raise DebianError(f"`{tool} {' '.join(arguments)}` failed, see above; fetching guest "
                              "images needs the network once")
        return result.stdout

    def _update(self):
        if self._updated:
            return
        self._prepare()
        say(f"fetching the package lists of Debian {self.release} ({ARCHITECTURE})")
        self._apt("apt-get", "update")
        origins = self._apt("apt-get", "indextargets", "--format", "$(ORIGIN)", capture=True)
        if set(origins.split("\n")) - {""} != {"Debian"}:
            raise DebianError("a configured source is not Debian's own: its Release file names "
                              f"the origin {origins.split()}")
        self._updated = True

    def _newest(self, *names):
        """The fields of the newest version of each package, in the order of the names."""
        text = self._apt("apt-cache", "show", "--no-all-versions", *names, capture=True)
        found = {fields["package"]: fields for fields in _deb822_stanzas(text)}
        missing = [name for name in names if name not in found]
        if missing:
            raise DebianError(f"Debian {self.release} has no package {' '.join(missing)}")
        return [found[name] for name in names]

    def _resolve_kernel(self):
        """The versioned kernel package that linux-image-arm64 stands for."""
        depends = self._newest("linux-image-arm64")[0].get("depends", "")
        match = re.match(r"\s*(linux-image-\S+) \(=", depends)
        if not match:
            raise DebianError(f"linux-image-arm64 does not name its kernel: {depends!r}")
        return [match[1]]

    def _resolve_closure(self, names):
        """These packages and the libraries that they depend on."""
        text = self._apt("apt-get", "--simulate", "install", *names, capture=True)
        found = re.findall(r"^Inst (\S+) \(", text, re.MULTILINE)
        return [name for name in found if name in names or re.match(r"lib|zlib", name)]

    def fetch(self, *names, libraries=False):
        """Have packages in the folder, and return a list of dictionaries with `name`, `version`,
        `file` (a path) and `sha256`, sorted by name.

        The name `kernel` means the newest kernel. With `libraries` the library packages that the
        named ones depend on come along.
        """
        key = " ".join(sorted(names)) + (" +libraries" if libraries else "")
        recorded = self._record.get(key)
        if recorded and self._intact(recorded):
            return self._located(recorded)
        self._update()
        wanted = []
        for name in names:
            wanted += self._resolve_kernel() if name == "kernel" else [name]
        if libraries:
            wanted = self._resolve_closure(wanted)
        wanted = sorted(set(wanted))
        say(f"fetching from Debian {self.release}: {' '.join(wanted)}")
        packages = []
        for fields in self._newest(*wanted):
            packages.append({"name": fields["package"], "version": fields["version"],
                             "file": pathlib.PurePosixPath(fields["filename"]).name,
                             "sha256": fields["sha256"]})
        # apt gives the file a name with the epoch, which the archive's own name lacks: fetch into
        # an empty folder, and know each file by its hash.
        shutil.rmtree(self.folder / "debs")
        (self.folder / "debs").mkdir()
        self._apt("apt-get", "download", *wanted)
        by_hash = {sha256_of(path): path for path in (self.folder / "debs").iterdir()}
        (self.folder / "packages").mkdir(exist_ok=True)
        for package in packages:
            path = by_hash.get(package["sha256"])
            if path is None:
                raise DebianError(f"apt delivered another {package['name']} than its list names")
            path.replace(self.folder / "packages" / package["file"])
        self._record[key] = packages
        self._write_record()
        return self._located(packages)

    def _intact(self, packages):
        for package in packages:
            path = self.folder / "packages" / package["file"]
            if not path.is_file() or sha256_of(path) != package["sha256"]:
                return False
        return True

    def _located(self, packages):
        return [dict(package, file=str(self.folder / "packages" / package["file"]))
                for package in packages]

    def _write_record(self):
        new = self.folder / "packages.json.new"
        new.write_text(json.dumps(self._record, indent=2, sort_keys=True) + "\n",
                       encoding="utf-8")
        new.replace(self.folder / "packages.json")

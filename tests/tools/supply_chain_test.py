"""What comes from elsewhere is pinned by hash, and building fetches nothing."""

import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class SupplyChain(unittest.TestCase):
    def test_every_npm_package_is_pinned_by_hash(self):
        locks = [each for each in (ROOT / "tools").rglob("package-lock.json")]
        self.assertTrue(locks)
        for lock in locks:
            packages = {name: each for name, each in json.loads(lock.read_text())["packages"].items() if name}
            self.assertTrue(packages)
            for name, package in packages.items():
                with self.subTest(lock=lock.name, package=name):
                    # Without a place it comes from the registry that npm is set to; the hash decides.
                    self.assertTrue(package.get("resolved", "https://").startswith("https://"))
                    self.assertRegex(package["integrity"], r"^sha512-[A-Za-z0-9+/]{86}==$")
                    self.assertNotIn("hasInstallScript", package)

    def test_every_python_package_is_pinned_by_hash(self):
        pages = [each for each in (ROOT / "tools").rglob("requirements*.txt")]
        self.assertTrue(pages)
        for page in pages:
            text = re.sub(r"#.*", "", page.read_text()).replace("\\\n", " ")
            wishes = [line.split() for line in text.splitlines() if line.strip()]
            self.assertTrue(wishes)
            for wish in wishes:
                with self.subTest(wish=wish[0]):
                    self.assertRegex(wish[0], r"^[A-Za-z0-9._\[\]-]+==[0-9][^,;*]*$")
                    hashes = [each for each in wish if each.startswith("--hash=")]
                    self.assertTrue(hashes)
                    for each in hashes:
                        self.assertRegex(each, r"^--hash=sha256:[0-9a-f]{64}$")

    def test_scripts_install_what_is_pinned_and_nothing_else(self):
        scripts = [each for folder in ("tools", "bench", ".ci") for each in (ROOT / folder).rglob("*") if each.is_file() and each.suffix in ("", ".sh")]
        for script in scripts:
            text = script.read_text().replace("\\\n", " ")
            for line in text.splitlines():
                if line.lstrip().startswith("#"):
                    continue
                with self.subTest(script=script.relative_to(ROOT), line=line.strip()):
                    if re.search(r"\bnpm\b.*\b(install|i|add|ci)\b", line) and "packages" not in script.name:
                        self.assertRegex(line, r"\bci\b")
                    if re.search(r"\bpip3?\b.*\binstall\b", line):
                        self.assertIn("--require-hashes", line)
                    self.assertNotRegex(line, r"(curl|wget)\b.*\|\s*(ba|da)?sh\b")
                    self.assertNotRegex(line, r"\bnpx\b")

    def test_building_fetches_nothing(self):
        pages = [ROOT / "CMakeLists.txt", *ROOT.glob("cmake/*"), *(each for folder in ("core", "policy", "net", "tools", "bench", "tests") for each in (ROOT / folder).rglob("CMakeLists.txt"))]
        for page in pages:
            with self.subTest(page=page.relative_to(ROOT)):
                self.assertNotRegex(page.read_text(), r"(?i)FetchContent|ExternalProject|file\s*\(\s*DOWNLOAD|git clone|https?://\S+\.(tar|zip)")


if __name__ == "__main__":
    unittest.main()

"""Print the lower bounds of setup.cfg as constraints for pip, to test with the oldest versions."""

from __future__ import annotations

import configparser
import re

config = configparser.ConfigParser()
config.read("setup.cfg")
listed = [config["options"]["install_requires"]]
listed += [
    config["options.extras_require"][extra] for extra in ("postgresql", "mysql", "camunda", "objects", "gates", "demo")
]
for requirement in "\n".join(listed).split("\n"):
    if match := re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])? >= ([\w.]+)", requirement):
        print(f"{match[1]}=={match[2]}")
        if requirement.startswith("psycopg["):
            print(f"psycopg-binary=={match[2]}")

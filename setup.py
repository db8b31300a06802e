"""Packages of the wheel. The folder `alembic` is installed as `web/migrations`: its own name belongs to the library."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["core*", "dialler*", "web*"]), "web.migrations", "web.migrations.versions"],
    package_dir={"web.migrations": "alembic", "web.migrations.versions": "alembic/versions"},
)

"""Write the model card: ``python -m training.card --figures 2=two.json --figures 4=four.json --out MODEL.md``.

The figures are those that ``training.evaluate --json`` wrote; the facts about a run come from its log.
"""

import argparse
import csv
import json
from pathlib import Path
from string import Template
from typing import Any

from training import weightfile

_TEMPLATE = Path(__file__).with_name("card.md")


def figures_table(rows: list[dict[str, Any]], before: list[dict[str, Any]]) -> str:
    """Tabulate two sets of weights: mean, spread and worst of everything measured, in dB, and what it was before."""
    heads = ("set", "what", "mixtures", "mean", "spread", "worst", "before: mean", "worst")
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for row, old in zip(rows, before, strict=True):
        what = "vocals stem, relative to the mix" if row["what"] == "leak" else row["what"]
        figures = (row["mean"], row["spread"], row["worst"], old["mean"], old["worst"])
        cells = (row["group"], what, row["n"], *(f"{figure:.1f}" for figure in figures))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def run_facts(run: Path) -> str:
    """Return what a run's log says about steps, time and songs."""
    with (run / "log.csv").open(newline="") as file:
        steps, minutes, songs, *_ = list(csv.reader(file))[-1]
    return f"{steps} steps in {minutes} minutes, {songs} songs in the pool at the end"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.card", description=__doc__)
    parser.add_argument("--figures", action="append", required=True, metavar="STEMS=FILE")
    parser.add_argument("--name", default="new", help="the name that the weights had in the evaluation")
    parser.add_argument("--before", default="first", help="the name that those before them had")
    parser.add_argument("--run", action="append", default=[], type=Path, help="folder of a training run")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    tables, models = [], []
    for choice in options.figures:
        stems, _, path = choice.partition("=")
        spec = weightfile.spec_of(int(stems))
        figures = json.loads(Path(path).read_text())
        tables.append(f"### {stems} stems\n\n{figures_table(figures[options.name], figures[options.before])}")
        models.append(
            f"- `{spec.slug}`, revision {spec.revision}: filters {list(spec.settings.filters)}, "
            f"{spec.settings.bins} bins"
        )
    runs = [f"- {run.name}: {run_facts(run)}" for run in options.run]
    text = Template(_TEMPLATE.read_text()).substitute(
        models="\n".join(models), runs="\n".join(runs) or "- not recorded", tables="\n\n".join(tables)
    )
    options.out.write_text(text)


if __name__ == "__main__":
    main()

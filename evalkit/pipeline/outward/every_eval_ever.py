"""every_eval_ever records: one JSON of means for a candidate on a dataset, and a line for every scored case.

Field names are those of `eval.schema.json` and `instance_level_eval.schema.json` of evaleval/every_eval_ever, schema
version 0.2.2. Both want a number wherever there is a score, so a case without one is left out of the lines and counted
in the record.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final, TextIO

from evalkit.pipeline.outward.groups import Group, Measure, Told, tell
from evalkit.pipeline.outward.losses import Losses
from evalkit.pipeline.outward.texts import as_text, input_text, targets
from evalkit.store import PlacedScore, Store
from evalkit.version import __version__

SCHEMA_VERSION: Final = "0.2.2"
_WHO: Final = "field of who evaluated, written as 'unknown' and 'other': fill it in before the record is published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The lines that were written."""

    rows: int
    sha256: str
    left_out: int


def file_name(group: Group) -> str:
    """A name for the record."""
    return f"{group.first.suite}_{group.first.candidate}_{group.first.id}.json"


def write_samples(store: Store, group: Group, file: TextIO, losses: Losses) -> Samples:
    """Write one line for every score."""
    total, rows, left_out = hashlib.sha256(), 0, 0
    for told in tell(store, group):
        for measure in group.measures:
            score = told.score(measure)
            if score is None or score.score.verdict.value is None:
                what = "pending" if score is None else score.score.verdict.status.value
                losses.add(f"case that is {what}: it has no line, and is counted in the record")
                left_out += 1
                continue
            line = f"{json.dumps(_line(group, measure, told, score, losses), ensure_ascii=False)}\n"
            file.write(line)
            total.update(line.encode())
            rows += 1
    return Samples(rows=rows, sha256=total.hexdigest(), left_out=left_out)


def write_record(group: Group, samples: str, told: Samples, file: TextIO, losses: Losses) -> None:
    """Write the record, which names the file of its lines."""
    losses.add("run with single judgements behind its scores: only the scores are written", group.sampled)
    losses.add(_WHO)
    json.dump(_record(group, samples, told, losses), file, ensure_ascii=False, indent=1)
    file.write("\n")


def _record(group: Group, samples: str, told: Samples, losses: Losses) -> dict[str, Any]:
    run = group.first
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": _evaluation(group),
        "evaluation_timestamp": run.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        "retrieved_timestamp": str(int(time.time())),
        "source_metadata": {
            "source_name": run.suite,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "model_info": _model(run.candidate),
        "eval_library": {"name": "evalkit", "version": __version__},
        "evaluation_results": list(_results(group, losses)),
        "detailed_evaluation_results": {
            "format": "jsonl",
            "file_path": samples,
            "hash_algorithm": "sha256",
            "checksum": told.sha256,
            "total_rows": told.rows,
            "additional_details": {"scores_left_out_for_want_of_a_value": str(told.left_out)},
        },
    }


def _evaluation(group: Group) -> str:
    run = group.first
    return f"{run.suite}/{run.candidate}/{int(run.created_at.timestamp())}-{run.id}"


def _model(name: str) -> dict[str, Any]:
    developer, slash, _ = name.partition("/")
    return {"name": name, "id": name, **({"developer": developer} if slash and developer else {})}


def _results(group: Group, losses: Losses) -> Iterator[dict[str, Any]]:
    for measure in group.measures:
        view, run = measure.view, measure.run
        if view.estimate.mean is None:
            losses.add("criterion without any score: it has no mean, and no result in the record")
            continue
        counts = {"cases": view.cases, "scored": view.scored, "pending": view.pending}
        counts |= {f"unscored_{reason}": n for reason, n in view.unscored.items()}
        about = {"run": run.id, "label": run.label, "grader_digest": run.grader_digest}
        yield {
            "evaluation_result_id": _result_id(measure),
            "evaluation_name": f"{run.suite}.{measure.key}",
            "source_data": {
                "dataset_name": run.dataset_name,
                "source_type": "other",
                "additional_details": {"digest": run.dataset, "cases": str(run.cases)},
            },
            "evaluation_timestamp": run.created_at.astimezone(UTC).isoformat(timespec="seconds"),
            "metric_config": _metric(measure),
            "score_details": {
                "score": view.estimate.mean,
                "details": {**{name: str(n) for name, n in counts.items()}, **about},
                **_uncertainty(measure),
            },
        }


def _uncertainty(measure: Measure) -> dict[str, Any]:
    found = measure.view.estimate
    if found.low is None or found.high is None:
        return {}
    interval = {"lower": found.low, "upper": found.high, "confidence_level": found.confidence, "method": found.method}
    return {"uncertainty": {"confidence_interval": interval, "num_samples": found.n}}


def _metric(measure: Measure) -> dict[str, Any]:
    run = measure.run
    metric: dict[str, Any] = {
        "metric_id": f"{run.suite}.{measure.key}",
        "metric_name": measure.key,
        "lower_is_better": False,
        "min_score": measure.low,
        "max_score": measure.high,
        "score_type": "continuous" if measure.graded else "binary" if len(measure.labels) == 2 else "levels",
    }
    if metric["score_type"] == "levels":
        metric |= {
            "level_names": [name for name, _ in measure.labels],
            "level_metadata": [str(value) for _, value in measure.labels],
            "has_unknown_level": False,
        }
    if run.judge is not None:
        about = {"effort": run.judge.effort or "default", "simulated": str(measure.view.simulated).lower()}
        judge = {"model_info": _model(run.judge.model), "additional_details": about}
        metric["llm_scoring"] = {"judges": [judge], "input_prompt": "\n\n".join(measure.system)}
    return metric


def _result_id(measure: Measure) -> str:
    return f"{measure.run.id}/{measure.criterion}"


def _line(group: Group, measure: Measure, told: Told, placed: PlacedScore, losses: Losses) -> dict[str, Any]:
    case, verdict = told.case, placed.score.verdict
    raw, reference = input_text(case, losses), targets(case, losses)
    about = {name: as_text(value) for name, value in case.metadata.items()}
    own = {"label": verdict.label, "reason": verdict.reason, "cluster": case.cluster, "tags": ", ".join(case.tags)}
    about |= {f"evalkit_{name}": value for name, value in own.items() if value}
    line: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": _evaluation(group),
        "model_id": group.first.candidate,
        "evaluation_name": f"{measure.run.suite}.{measure.key}",
        "evaluation_result_id": _result_id(measure),
        "sample_id": case.id,
        "sample_hash": hashlib.sha256((raw + "".join(reference)).encode("utf-8", "surrogatepass")).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "reference": reference},
        "output": {"raw": [] if told.output is None else [told.output]},
        "messages": None,
        "answer_attribution": [],
        "evaluation": {"score": verdict.value, "is_correct": (verdict.value or 0.0) >= measure.high},
        "metadata": about,
    }
    return line | _facts(told)


def _facts(told: Told) -> dict[str, Any]:
    facts = told.facts
    found: dict[str, Any] = {}
    if facts is not None and facts.usage:
        given, made = facts.usage.get("input_tokens", 0), facts.usage.get("output_tokens", 0)
        found["token_usage"] = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
    if facts is not None and facts.seconds is not None:
        found["performance"] = {"latency_ms": facts.seconds * 1000}
    return found

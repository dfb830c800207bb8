"""What is told of one mistake in a right config: the whole message, for every kind of mistake."""

from collections.abc import Callable

import pytest

# What is replaced in the right config, by what, and the messages without their "evalkit.toml".
ROWS: dict[str, tuple[str, ...]] = {
    "name missing": ('name = "support"\n', "",
        ': name: is missing; add name = "support"'),
    "name misspelt": ('name = "support"', 'nam = "support"',
        ":1: nam: is not a key; did you mean `name`?"),
    "name number": ('"support"', "5",
        ":1: name: must be text, not the number 5; put text in quotes"),
    "name empty": ('"support"', '""',
        ":1: name: is empty; write a name"),
    "name spaces": ('"support"', '" support"',
        ':1: name: begins or ends with a space: " support"; write "support"'),
    "name tab": ('"support"', r'"a\tb"',
        r':1: name: holds an invisible character: "a\tb"; use letters, digits and spaces'),
    "key unknown": ('name = "support"', 'name = "support"\nx = 1',
        ":2: x: is not a key; the keys of the top of the file are `name`, `dataset`, `judge`, `jury`, "
        "`graders`, `candidates`, `gate`, `sentinels`, `submit`, `prices` and `usage_log`"),
    "key store": ('name = "support"', 'name = "support"\nstore = "sqlite:///x"',
        ":2: store: is not a key; give the store by --store or EVALKIT_STORE"),
    "key below a table": ('name = "support"\n[dataset]\n', '[dataset]\nname = "support"\n',
        ":2: dataset.name: is not a key; `name` belongs to the top of the file, before the first [table]"),
    "key of another table": ('5-5"\n', '5-5"\nmargin = 0.1\n',
        ":6: judge.margin: is not a key; `margin` belongs to [gate] or [[gate.rules]]"),
    "key of two tables": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nmodel = "m"',
        ":9: graders[0].model: is not a key; `model` belongs to [judge] or [[candidates]]"),
    "table misspelt": ("[dataset]", "[dataet]",
        ":2: dataet: is not a key; did you mean `dataset`?"),
    "list misspelt": ("[[graders]]", "[[grader]]",
        ":6: grader: is not a key; did you mean `graders`?"),
    "table missing": ('[dataset]\npath = "datasets/support/cases.jsonl"\n', "",
        ': dataset: is missing; add [dataset] with path = "cases.jsonl"'),
    "table as list": ("[judge]", "[[judge]]",
        ":4: judge: must be a table, not a list; write [judge]"),
    "list as table": ("[[graders]]", "[graders]",
        ":6: graders: must be a list of tables, not a table; write [[graders]]"),
    "table as text": ('[gate]\nbaseline = "main"', "gate.baseline.x = 1",
        ":12: candidates[0].gate: is not a key; `gate` belongs to the top of the file, before the "
        "first [table]"),
    "list missing": ('[[candidates]]\nname = "main"\noutputs = "answer"\n', "",
        ": candidates: is missing; add [[candidates]] with a `name`, and `outputs` or `model` and "
        "`prompt`"),
    "dataset path missing": ('path = "datasets/support/cases.jsonl"\n', "",
        ':2: dataset.path: is missing; add path = "cases.jsonl"'),
    "dataset path number": ('"datasets/support/cases.jsonl"', "5",
        ":3: dataset.path: must be text, not the number 5; put text in quotes"),
    "dataset file misspelt": ("cases.jsonl", "casse.jsonl",
        ':3: dataset.path: there is no file "datasets/support/casse.jsonl"; did you mean '
        '"datasets/support/cases.jsonl"?'),
    "dataset folder misspelt": ("support/cases", "suport/cases",
        ':3: dataset.path: there is no file "datasets/suport/cases.jsonl"; did you mean '
        '"datasets/support/cases.jsonl"?'),
    "dataset file missing": ("cases.jsonl", "zzz.jsonl",
        ':3: dataset.path: there is no file "datasets/support/zzz.jsonl"; paths are relative to the '
        "folder of the config file"),
    "dataset kind": ("cases.jsonl", "cases.xlsx",
        ':3: dataset.path: "datasets/support/cases.xlsx" is not a kind of data file that evalkit '
        "reads; use .jsonl, .json, .csv, .tsv, .parquet or .ndjson (.gz too)"),
    "dataset folder": ("support/cases.jsonl", "support",
        ':3: dataset.path: "datasets/support" is a folder, not a file; name the file in it'),
    "dataset field misspelt": ("[judge]", '[dataset.fields]\ninptu = "question"\n[judge]',
        ":5: dataset.fields.inptu: is not a field of a case, which are `id`, `input`, `expected`, "
        "`output`, `metadata`, `tags`, `cluster`, `split`, `source_doc`, `contexts` and `attachments`; did you mean "
        "`input`?"),
    "dataset field turned round": ("[judge]", '[dataset.fields]\nquestion = "input"\n[judge]',
        ":5: dataset.fields.question: is not a field of a case, which are `id`, `input`, "
        "`expected`, `output`, `metadata`, `tags`, `cluster`, `split`, `source_doc`, `contexts` and `attachments`; "
        'write it as in input = "question", the field of the file on the right'),
    "dataset field number": ("[judge]", "[dataset.fields]\ninput = 3\n[judge]",
        ":5: dataset.fields.input: must be text, not the number 3; put text in quotes"),
    "dataset fields text": ("[judge]", 'fields = "question"\n[judge]',
        ':4: dataset.fields: must be a table, not the text "question"; write { key = value }'),
    "judge missing": ('[judge]\nmodel = "claude-haiku-5-5"\n', "",
        ": judge: is missing, and graders[0] has a rubric, which a judge answers; add [judge] with "
        'model = "claude-haiku-5-5"'),
    "judge misspelt": ("[judge]", "[jugde]",
        ":4: jugde: is not a key; did you mean `judge`?"),
    "judge model missing": ('model = "claude-haiku-5-5"', 'effort = "low"',
        ':4: judge.model: is missing; add model = "claude-haiku-5-5"'),
    "judge temperature": ('5-5"\n', '5-5"\ntemperature = 0\n',
        ":6: judge.temperature: is not a key; removed from the API; judges cannot be seeded, "
        "measure their variance by repeats"),
    "judge top p": ('5-5"\n', '5-5"\ntop_p = 1\n',
        ":6: judge.top_p: is not a key; removed from the API; judges cannot be seeded, measure "
        "their variance by repeats"),
    "judge top k": ('5-5"\n', '5-5"\ntop_k = 1\n',
        ":6: judge.top_k: is not a key; removed from the API; judges cannot be seeded, measure "
        "their variance by repeats"),
    "judge unknown": ('5-5"\n', '5-5"\nfrobnicate = 1\n',
        ":6: judge.frobnicate: is not a key; the keys of [judge] are `model`, `effort` and `max_tokens`"),
    "effort misspelt": ('5-5"\n', '5-5"\neffort = "hgih"\n',
        ':6: judge.effort: must be "low", "medium", "high", "xhigh" or "max", not the text "hgih"; '
        'did you mean "high"?'),
    "effort number": ('5-5"\n', '5-5"\neffort = 3\n',
        ':6: judge.effort: must be "low", "medium", "high", "xhigh" or "max", not the number 3'),
    "max tokens text": ('5-5"\n', '5-5"\nmax_tokens = "4096"\n',
        ':6: judge.max_tokens: must be a whole number, not the text "4096"; write max_tokens = 4096'),
    "max tokens words": ('5-5"\n', '5-5"\nmax_tokens = "many"\n',
        ':6: judge.max_tokens: must be a whole number, not the text "many"'),
    "max tokens real": ('5-5"\n', '5-5"\nmax_tokens = 4096.0\n',
        ":6: judge.max_tokens: must be a whole number, not the number 4096.0; write max_tokens = 4096"),
    "max tokens true": ('5-5"\n', '5-5"\nmax_tokens = true\n',
        ":6: judge.max_tokens: must be a whole number, not true"),
    "max tokens date": ('5-5"\n', '5-5"\nmax_tokens = 2026-01-01\n',
        ":6: judge.max_tokens: must be a whole number, not the date 2026-01-01"),
    "max tokens zero": ('5-5"\n', '5-5"\nmax_tokens = 0\n',
        ":6: judge.max_tokens: must be at least 1, not 0"),
    "max tokens list": ('5-5"\n', '5-5"\nmax_tokens = [1]\n',
        ":6: judge.max_tokens: must be a whole number, not a list"),
    "grader name missing": ('name = "correctness"\n', "",
        ':6: graders[0].name: is missing; add name = "correctness"'),
    "grader names repeated": (
        "[[candidates]]", '[[graders]]\nname = "Correctness"\ncheck = "exact"\n[[candidates]]',
        ':10: graders[1].name: "Correctness" is the name of graders[0] too; give it another name'),
    "grader neither": ('rubric = "Is it correct?"\n', "",
        ':6: graders[0]: has neither a `rubric` nor a `check`; add rubric = "rubric.md", or check = '
        '"exact"'),
    "grader both": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\ncheck = "exact"',
        ":9: graders[0].check: a grader has a `rubric` or a `check`, not both; make two graders of it"),
    "grader rubric misspelt": ("rubric =", "rubic =",
        ":8: graders[0].rubic: is not a key; did you mean `rubric`?"),
    "grader temperature": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\ntemperature = 0',
        ":9: graders[0].temperature: is not a key; removed from the API; judges cannot be seeded, "
        "measure their variance by repeats"),
    "rubric file misspelt": ('"Is it correct?"', '"datasets/support/corectness.md.j2"',
        ':8: graders[0].rubric: there is no file "datasets/support/corectness.md.j2"; did you mean '
        '"datasets/support/correctness.md.j2"?'),
    "rubric text like a path": ('"Is it correct?"', '"Is it as in the README.md"',
        ':8: graders[0].rubric: there is no file "Is it as in the README.md"; what ends in .j2, .md '
        "or .txt is taken as a path; end it otherwise if it is the text itself"),
    "rubric file latin": ('"Is it correct?"', '"datasets/support/latin.md"',
        ':8: graders[0].rubric: "datasets/support/latin.md" is not UTF-8; save the file as UTF-8'),
    "rubric file blank": ('"Is it correct?"', '"datasets/support/blank.md"',
        ':8: graders[0].rubric: the file "datasets/support/blank.md" is empty; write the text into it'),
    "rubric file of unknown kind": ('"Is it correct?"', '"datasets/support/notes"',
        ':8: graders[0].rubric: "datasets/support/notes" is a file, but would be taken as the text '
        "itself; let its name end in .j2, .md or .txt"),
    "rubric blank": ('"Is it correct?"', '" "',
        ":8: graders[0].rubric: is empty; write the text, or the path of a .j2, .md or .txt file"),
    "rubric number": ('"Is it correct?"', "3",
        ":8: graders[0].rubric: must be text, not the number 3; put text in quotes"),
    "rubric nul": ('"Is it correct?"', r'"a\u0000.md"',
        r':8: graders[0].rubric: there is no file "a\u0000.md"; paths are relative to the folder of '
        "the config file"),
    "labels one": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = { a = 0 }',
        ":9: graders[0].labels: has fewer than two labels; write at least two, as in labels = { "
        "fail = 0, pass = 1 }"),
    "labels none": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = {}',
        ":9: graders[0].labels: has fewer than two labels; write at least two, as in labels = { "
        "fail = 0, pass = 1 }"),
    "labels differ in case": (
        'rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = { pass = 1, PASS = 0 }',
        ":9: graders[0].labels: `pass` and `PASS` are one label to a judge; let them differ in more "
        "than case"),
    "labels list": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = ["a", "b"]',
        ":9: graders[0].labels: must be a table, not a list; write { key = value }"),
    "label above one": (
        'rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = { bad = 1, good = 5 }',
        ":9: graders[0].labels.good: must be at most 1, not 5; scale the values so that the best is 1"),
    "label below zero": (
        'rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = { bad = -1, good = 1 }',
        ":9: graders[0].labels.bad: must be at least 0, not -1"),
    "label nan": (
        'rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = { bad = nan, good = inf }',
        ":9: graders[0].labels.bad: must be a finite number, not nan",
        ":9: graders[0].labels.good: must be a finite number, not inf"),
    "label text": (
        'rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = { bad = 0, "very good" = "1" }',
        ':9: graders[0].labels."very good": must be a number, not the text "1"; write "very good" = 1'),
    "label true": (
        'rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = { bad = false, good = true }',
        ":9: graders[0].labels.bad: must be a number, not false; write bad = 0",
        ":9: graders[0].labels.good: must be a number, not true; write good = 1"),
    "label empty": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nlabels = { bad = 0, "" = 1 }',
        ':9: graders[0].labels."": is empty; write a name'),
    "labels of a check": ('rubric = "Is it correct?"', 'check = "exact"\nlabels = { a = 0, b = 1 }',
        ":9: graders[0].labels: goes with a `rubric`, not with a `check`; leave it out"),
    "reply misspelt": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nreply = "txt"',
        ':9: graders[0].reply: must be "json" or "text", not the text "txt"; did you mean "text"?'),
    "reply text alone": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nreply = "text"',
        ':6: graders[0].verdict_pattern: is missing beside reply = "text"; add verdict_pattern = '
        r"'\bGRADE: (\w+)'"),
    "samples none": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nsamples = 0',
        ":9: graders[0].samples: must be at least 1, not 0"),
    "samples too many": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nsamples = 60',
        ":9: graders[0].samples: must be at most 50, not 60"),
    "samples text": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nsamples = "3"',
        ':9: graders[0].samples: must be a whole number, not the text "3"; write samples = 3'),
    "samples of a check": ('rubric = "Is it correct?"', 'check = "exact"\nsamples = 3',
        ":9: graders[0].samples: goes with a `rubric`, not with a `check`; leave it out"),
    "reducer alone": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nreducer = "all"',
        ":9: graders[0].reducer: goes with samples of 2 and more; add samples = 3, or leave it out"),
    "reducer unknown": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nsamples = 3\nreducer = "lowest"',
        ':10: graders[0].reducer: must be "mean", "majority" or "all", not the text "lowest"'),
    "reducer of a check": ('rubric = "Is it correct?"', "check = 'exact'\nreducer = 'all'",
        ":9: graders[0].reducer: goes with a `rubric`, not with a `check`; leave it out"),
    "reply of a check": ('rubric = "Is it correct?"', 'check = "exact"\nreply = "json"',
        ":9: graders[0].reply: goes with a `rubric`, not with a `check`; leave it out"),
    "verdict pattern alone": (
        'rubric = "Is it correct?"', 'rubric = "Is it correct?"\nverdict_pattern = \'(x)\'',
        ':9: graders[0].verdict_pattern: goes with reply = "text"; add reply = "text", or leave it out'),
    "verdict pattern without group": (
        'rubric = "Is it correct?"', 'rubric = "Is it correct?"\nreply = \'text\'\nverdict_pattern = \'x\'',
        ":10: graders[0].verdict_pattern: has 0 groups; exactly one must capture the label; write ( "
        ") around the label, and (?: ) for other groups"),
    "verdict pattern two groups": (
        'rubric = "Is it correct?"',
        'rubric = "Is it correct?"\nreply = \'text\'\nverdict_pattern = \'(x)(y)\'',
        ":10: graders[0].verdict_pattern: has 2 groups; exactly one must capture the label; write ( "
        ") around the label, and (?: ) for other groups"),
    "verdict pattern broken": (
        'rubric = "Is it correct?"',
        'rubric = "Is it correct?"\nreply = \'text\'\nverdict_pattern = \'(x\'',
        ":10: graders[0].verdict_pattern: is not a regular expression: missing ), unterminated "
        r'subpattern at position 0; use single quotes, so that `\` means itself'),
    "verdict pattern misspelt": (
        'rubric = "Is it correct?"',
        'rubric = "Is it correct?"\nreply = \'text\'\nverdict_patern = \'(x)\'',
        ":10: graders[0].verdict_patern: is not a key; did you mean `verdict_pattern`?"),
    "check unknown": ('rubric = "Is it correct?"', 'check = "contains"',
        ':8: graders[0].check: is not called "contains" here; write check = "includes"'),
    "check without pattern": ('rubric = "Is it correct?"', 'check = "regex"',
        ':6: graders[0].pattern: is missing beside check = "regex"; add pattern = \'\\d+\''),
    "pattern broken": ('rubric = "Is it correct?"', "check = 'regex'\npattern = '['",
        ":9: graders[0].pattern: is not a regular expression: unterminated character set at "
        r'position 0; use single quotes, so that `\` means itself'),
    "pattern of exact": ('rubric = "Is it correct?"', "check = 'exact'\npattern = 'x'",
        ':9: graders[0].pattern: goes with check = "regex" or "numeric", not with "exact"; leave it out'),
    "scale and labels": ('rubric = "Is it correct?"', 'rubric = "r"\nlabels = { a = 0, b = 1 }\nscale = [1, 5]',
        ":10: graders[0].scale: stands beside `labels`; keep one of them"),
    "scale backwards": ('rubric = "Is it correct?"', 'rubric = "r"\nscale = [5, 1]',
        ":9: graders[0].scale: goes from 5 to 1; write the lowest and the highest number, as in scale = [1, 5]"),
    "scale of a check": ('rubric = "Is it correct?"', 'check = "exact"\nscale = [1, 5]',
        ":9: graders[0].scale: goes with a `rubric`, not with a `check`; leave it out"),
    "unsure is a label": ('rubric = "Is it correct?"', 'rubric = "r"\nunsure = "Pass"',
        ':9: graders[0].unsure: "Pass" is a label, too; a verdict either has a value or has none'),
    "one criterion": ('rubric = "Is it correct?"', 'rubric = "r"\ncriteria = [{ name = "a" }]',
        ":9: graders[0].criteria: needs two criteria or more, of different names; leave it out where there is one"),
    "criteria beside labels": ('rubric = "Is it correct?"',
        'rubric = "r"\nlabels = { a = 0, b = 1 }\ncriteria = [{ name = "a" }, { name = "b" }]',
        ":10: graders[0].criteria: stands beside `labels` of the grader itself; give each criterion its own `labels`"),
    "criterion reserved": ('rubric = "Is it correct?"',
        'rubric = "r"\ncriteria = [{ name = "verdict" }, { name = "b" }]',
        ':9: graders[0].criteria[0].name: "verdict" is a key that every reply has; give the criterion another name'),
    "criterion misspelt": ('rubric = "Is it correct?"',
        'rubric = "r"\ncriteria = [{ name = "a", lables = { x = 0, y = 1 } }, { name = "b" }]',
        ":9: graders[0].criteria[0].lables: is not a key; did you mean `labels`?"),
    "examples not there": ('rubric = "Is it correct?"', 'rubric = "r"\nexamples = "absent.jsonl"',
        ':9: graders[0].examples: there is no file "absent.jsonl"; paths are relative to the folder of the config '
        'file'),
    "check schema missing": ('rubric = "Is it correct?"', 'check = "json_schema"',
        ':6: graders[0].schema: is missing beside check = "json_schema"; add schema = "answer.schema.json", or a '
        "table"),
    "check schema not there": ('rubric = "Is it correct?"', 'check = "json_schema"\nschema = "absent.json"',
        ':9: graders[0].schema: there is no file "absent.json"; paths are relative to the folder of the config file'),
    "check function missing": ('rubric = "Is it correct?"', 'check = "python"',
        ':6: graders[0].function: is missing beside check = "python"; add function = "checks:cites_a_source"'),
    "check function without module": ('rubric = "Is it correct?"', 'check = "python"\nfunction = "cites"',
        ':9: graders[0].function: names no function; write module and function, as in "checks:cites_a_source"'),
    "check length without bounds": ('rubric = "Is it correct?"', 'check = "length"',
        ':6: graders[0]: is missing beside check = "length"; add max = 500, or min'),
    "check length bounds swapped": ('rubric = "Is it correct?"', 'check = "length"\nmin = 9\nmax = 3',
        ":10: graders[0].max: is less than min, which is 9; swap them"),
    "check values empty": ('rubric = "Is it correct?"', 'check = "includes"\nvalues = ["a", ""]',
        ":9: graders[0].values: is empty, or holds an empty text, which every output includes; write texts, as in "
        '["refund", "30 days"]'),
    "check numeric groups": ('rubric = "Is it correct?"', "check = 'numeric'\npattern = '(a)(b)'",
        ":9: graders[0].pattern: has several groups; one at most captures the number; write (?: ) for the others"),
    "check threshold of exact": ('rubric = "Is it correct?"', 'check = "exact"\nthreshold = 0.5',
        ':9: graders[0].threshold: goes with check = "token_f1", "rouge_l", "bleu", "chrf", "recall", "precision", '
        '"mrr", "ndcg", "similarity" or "python", not with "exact"; leave it out'),
    "check k of a rubric": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nk = 3',
        ":9: graders[0].k: goes with a `check`, not with a `rubric`; leave it out"),
    "pattern of a rubric": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\npattern = \'x\'',
        ":9: graders[0].pattern: goes with a `check`, not with a `rubric`; for a judge that answers "
        "in free text use `verdict_pattern`"),
    "ignore case of a rubric": ('rubric = "Is it correct?"', 'rubric = "Is it correct?"\nignore_case = true',
        ":9: graders[0].ignore_case: goes with a `check`, not with a `rubric`; leave it out"),
    "ignore case number": ('rubric = "Is it correct?"', "check = 'exact'\nignore_case = 1",
        ":9: graders[0].ignore_case: must be true or false, not the number 1"),
    "strip of includes": ('rubric = "Is it correct?"', "check = 'includes'\nstrip = false",
        ':9: graders[0].strip: goes with check = "exact", not with "includes"; leave it out'),
    "strip text": ('rubric = "Is it correct?"', "check = 'exact'\nstrip = 'False'",
        ':9: graders[0].strip: must be true or false, not the text "False"; write strip = false'),
    "candidate names repeated": ("[gate]", '[[candidates]]\nname = "MAIN"\noutputs = "other"\n[gate]',
        ':13: candidates[1].name: "MAIN" is the name of candidates[0] too; give it another name'),
    "candidate neither": ('outputs = "answer"\n', "",
        ":9: candidates[0]: has neither `outputs` nor `model` and `prompt`; add outputs = "
        '"outputs.jsonl", or model = "..." and prompt = "..."'),
    "candidate both": (
        'outputs = "answer"',
        'outputs = "answer"\nmodel = "m"\nprompt = "p"\nmax_tokens = 5\neffort = "low"',
        ":12: candidates[0].model: goes with a candidate that is generated, not with `outputs`; "
        "keep one of the two",
        ":13: candidates[0].prompt: goes with a candidate that is generated, not with `outputs`; "
        "keep one of the two",
        ":14: candidates[0].max_tokens: goes with a candidate that is generated, not with "
        "`outputs`; keep one of the two",
        ":15: candidates[0].effort: goes with a candidate that is generated, not with `outputs`; "
        "keep one of the two"),
    "candidate without prompt": ('outputs = "answer"', 'model = "m"',
        ':9: candidates[0].prompt: is missing beside `model`; add prompt = "prompt.md.j2"'),
    "candidate without model": ('outputs = "answer"', 'prompt = "p"',
        ':11: candidates[0].prompt: has no `model` beside it; add model = "claude-haiku-5-5"'),
    "candidate model misspelt": ('outputs = "answer"', 'modle = "m"\nprompt = "p"',
        ":11: candidates[0].modle: is not a key; did you mean `model`?"),
    "candidate temperature": ('outputs = "answer"', 'model = "m"\nprompt = "p"\ntemperature = 0',
        ":13: candidates[0].temperature: is not a key; removed from the API; leave it out"),
    "outputs file misspelt": ('"answer"', '"datasets/support/prodction.jsonl"',
        ':11: candidates[0].outputs: there is no file "datasets/support/prodction.jsonl"; did you '
        'mean "datasets/support/production.jsonl"?'),
    "outputs file of unknown kind": ('"answer"', '"datasets/support/notes"',
        ':11: candidates[0].outputs: "datasets/support/notes" is a file of a kind that evalkit does '
        "not read; use .jsonl, .json, .csv, .tsv, .parquet or .ndjson (.gz too)"),
    "outputs empty": ('"answer"', '""',
        ":11: candidates[0].outputs: is empty; write a name"),
    "baseline missing": ('baseline = "main"\n', "",
        ':12: gate.baseline: is missing; add baseline = "production"'),
    "baseline misspelt": ('baseline = "main"', 'baseline = "mian"',
        ':13: gate.baseline: there is no candidate "mian"; did you mean "main"?'),
    "baseline unknown": ('baseline = "main"', 'baseline = "x"',
        ':13: gate.baseline: there is no candidate "x"; it can be "main", "label:NAME" or a run id'),
    "margin zero": ('baseline = "main"', 'baseline = "main"\nmargin = 0',
        ":14: gate.margin: must be more than 0, not 0"),
    "margin in percent": ('baseline = "main"', 'baseline = "main"\nmargin = 2\nmin_coverage = 98',
        ":14: gate.margin: must be at most 1, not 2; write 2 % as 0.02",
        ":15: gate.min_coverage: must be at most 1, not 98; write 98 % as 0.98"),
    "margin nan": ('baseline = "main"', 'baseline = "main"\nmargin = nan\nmin_coverage = -1',
        ":14: gate.margin: must be a finite number, not nan",
        ":15: gate.min_coverage: must be at least 0, not -1"),
    "margin misspelt": ('baseline = "main"', 'baseline = "main"\nmargn = 0.02',
        ":14: gate.margn: is not a key; did you mean `margin`?"),
    "baseline in other case": ('baseline = "main"', 'baseline = "Main"',
        ':13: gate.baseline: there is no candidate "Main"; did you mean "main"?'),
    "baseline label empty": ('baseline = "main"', 'baseline = "label:"',
        ':13: gate.baseline: "label:" names no label; write it as in "label:main"'),
    "baseline label spaced": ('baseline = "main"', 'baseline = "label: main"',
        ':13: gate.baseline: "label: main" names no label; write it as in "label:main"'),
    "baseline label misspelt": ('baseline = "main"', 'baseline = "lable:nightly"',
        ':13: gate.baseline: "lable" is not what a baseline can begin with; did you mean "label:nightly"?'),
    "confidence in percent": ('baseline = "main"', 'baseline = "main"\nconfidence = 95',
        ":14: gate.confidence: must be at most 0.9999, not 95; write 95 % as 0.95"),
    "confidence of a coin": ('baseline = "main"', 'baseline = "main"\nconfidence = 0.05',
        ":14: gate.confidence: must be at least 0.5, not 0.05"),
    "looks misspelt": ('baseline = "main"', 'baseline = "main"\nlooks = "repeat"',
        ':14: gate.looks: must be "once" or "repeated", not the text "repeat"; did you mean "repeated"?'),
    "cost zero": ('baseline = "main"', 'baseline = "main"\nmax_cost_usd = 0',
        ":14: gate.max_cost_usd: must be more than 0, not 0"),
    "cost text": ('baseline = "main"', 'baseline = "main"\nmax_cost_usd = "5"',
        ':14: gate.max_cost_usd: must be a number, not the text "5"; write max_cost_usd = 5'),
    "agreement in percent": ('baseline = "main"', 'baseline = "main"\nrequire_agreement = 70',
        ":14: gate.require_agreement: must be at most 1, not 70; write 70 % as 0.7"),
    "calibration age zero": ('baseline = "main"', 'baseline = "main"\nmax_calibration_age_days = 0',
        ":14: gate.max_calibration_age_days: must be more than 0, not 0"),
    "family unknown": ('baseline = "main"', 'baseline = "main"\nfamily = "bonferroni"',
        ':14: gate.family: must be "holm", not the text "bonferroni"'),
    "gate key unknown": ('baseline = "main"', 'baseline = "main"\ncriterion = "x"',
        ":14: gate.criterion: is not a key; `criterion` belongs to [[gate.rules]]"),
    "rules misspelt": ('baseline = "main"', 'baseline = "main"\n[[gate.rule]]\ngrader = "correctness"',
        ":14: gate.rule: is not a key; did you mean `rules`?"),
    "rules as table": ('baseline = "main"', 'baseline = "main"\n[gate.rules]\ngrader = "correctness"',
        ":14: gate.rules: must be a list of tables, not a table; write [[gate.rules]]"),
    "rules as texts": ('baseline = "main"', 'baseline = "main"\nrules = ["correctness"]',
        ':14: gate.rules[0]: must be a table, not the text "correctness"; write [[gate.rules]]'),
    "rule without grader": ('baseline = "main"', 'baseline = "main"\n[[gate.rules]]\nmargin = 0.1',
        ':14: gate.rules[0].grader: is missing; add grader = "correctness"'),
    "rule grader misspelt": ('baseline = "main"', 'baseline = "main"\n[[gate.rules]]\ngrader = "corectness"',
        ':15: gate.rules[0].grader: there is no grader "corectness"; did you mean "correctness"?'),
    "rule grader unknown": ('baseline = "main"', 'baseline = "main"\n[[gate.rules]]\ngrader = "x"',
        ':15: gate.rules[0].grader: there is no grader "x"; it can be "correctness"'),
    "rule twice": (
        'baseline = "main"',
        'baseline = "main"\n[[gate.rules]]\ngrader = "correctness"\n'
        '[[gate.rules]]\ngrader = "correctness"\ntier = "critical"\nmin = 0.8',
        ":16: gate.rules[1]: has the grader, the criterion and the tier of gate.rules[0]; make one rule of the two"),
    "rule tier misspelt": (
        'baseline = "main"', 'baseline = "main"\n[[gate.rules]]\ngrader = "correctness"\ntier = "suporting"',
        ':16: gate.rules[0].tier: must be "critical", "supporting" or "advisory", not the text "suporting"; '
        'did you mean "supporting"?'),
    "rule direction": (
        'baseline = "main"', 'baseline = "main"\n[[gate.rules]]\ngrader = "correctness"\ndirection = "down"',
        ':16: gate.rules[0].direction: must be "higher" or "lower", not the text "down"'),
    "rule limits in percent": (
        'baseline = "main"',
        'baseline = "main"\n[[gate.rules]]\ngrader = "correctness"\nmargin = 2\nmax_relative_drop = 5\n'
        "min = 80\nmax = 90",
        ":16: gate.rules[0].margin: must be at most 1, not 2; write 2 % as 0.02",
        ":17: gate.rules[0].max_relative_drop: must be at most 1, not 5; write 5 % as 0.05",
        ":18: gate.rules[0].min: must be at most 1, not 80; write 80 % as 0.8",
        ":19: gate.rules[0].max: must be at most 1, not 90; write 90 % as 0.9"),
    "rule limits exchanged": (
        'baseline = "main"',
        'baseline = "main"\n[[gate.rules]]\ngrader = "correctness"\nmin = 0.9\nmax = 0.1',
        ":17: gate.rules[0].max: is below min = 0.9, so that no score can pass; exchange the two"),
    "rule key misspelt": (
        'baseline = "main"', 'baseline = "main"\n[[gate.rules]]\ngrader = "correctness"\nmax_relative_dorp = 0.1',
        ":16: gate.rules[0].max_relative_dorp: is not a key; did you mean `max_relative_drop`?"),
    "rule key of the gate": (
        'baseline = "main"', 'baseline = "main"\n[[gate.rules]]\ngrader = "correctness"\nmax_cost_usd = 5',
        ":16: gate.rules[0].max_cost_usd: is not a key; `max_cost_usd` belongs to [gate]"),
    "rule key unknown": (
        'baseline = "main"', 'baseline = "main"\n[[gate.rules]]\ngrader = "correctness"\nzzz = 5',
        ":16: gate.rules[0].zzz: is not a key; the keys of [[gate.rules]] are `grader`, `criterion`, `tier`, `margin`, "
        "`max_relative_drop`, `min`, `max`, `direction`, `min_coverage` and `require_agreement`"),
    "submit key unknown": ("[gate]", "[submit]\nzzz = 5\n[gate]",
        ":13: submit.zzz: is not a key; the keys of [submit] are `on_unknown`, `max_in_flight`, `retries`, `reuse` and "
        "`concurrency`"),
    "prices file": ("[gate]", '[prices]\nfile = "price.json"\n[gate]',
        ':13: prices.file: there is no file "price.json"; paths are relative to the folder of the config file'),
    "prices negative": ("[gate]", '[prices.models.gpt]\ninput = -1\noutput = 2\n[gate]',
        ":13: prices.models.gpt.input: must be at least 0, not -1"),
    "prices lack": ("[gate]", "[prices.models.gpt]\ninput = 1\n[gate]",
        ":12: prices.models.gpt.output: is missing"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_a_mistake_is_told_in_plain_words_with_its_line_and_its_mend(
    broken: Callable[..., list[str]], row: str
) -> None:
    old, new, *messages = ROWS[row]

    assert broken((old, new)) == messages

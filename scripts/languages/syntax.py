"""Checks the syntax of code in several languages.

Reads a JSON list of {"name", "language", "source"} from the file that is the argument, and writes a JSON list of {"name", "language", "problem"}.
Statements may stand at the top level, as in examples of documentation.
"""

import ast
import json
import sys
import xml.etree.ElementTree as xml

import tree_sitter_c_sharp
import tree_sitter_go
import tree_sitter_java
from tree_sitter import Language, Parser

PARSERS = {
    "csharp": Parser(Language(tree_sitter_c_sharp.language())),
    "go": Parser(Language(tree_sitter_go.language())),
    "java": Parser(Language(tree_sitter_java.language())),
}


def problems_of_python(source):
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        yield f"line {error.lineno}: {error.msg}"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg and node.arg != node.arg.lower():
            yield f"line {node.value.lineno}: the keyword argument {node.arg} is not in snake case"


def problems_of_tree(language, source):
    lines = source.split("\n")
    nodes = [PARSERS[language].parse(source.encode()).root_node]
    while nodes:
        node = nodes.pop()
        if node.is_error or node.is_missing:
            row = node.start_point[0]
            yield f"line {row + 1}: {'missing ' + node.type if node.is_missing else 'not valid'}: {lines[row].strip()}"
        elif node.has_error:
            nodes.extend(node.children)


def problems_of_documentation(source):
    """The comments for documentation in C#, which are XML."""
    block = []
    for line in [*(line.strip() for line in source.split("\n")), ""]:
        if line.startswith("///"):
            block.append(line[3:])
        elif block:
            try:
                xml.fromstring(f"<doc>{chr(10).join(block)}</doc>")
            except xml.ParseError as error:
                yield f"{error} in the comment: {' '.join(block)[:200]}"
            block = []


def problems_of(language, source):
    if language == "python":
        return [*problems_of_python(source)]
    if language == "xml":
        xml.fromstring(source)
        return []
    documentation = problems_of_documentation(source) if language == "csharp" else []
    return [*problems_of_tree(language, source), *documentation]


with open(sys.argv[1], encoding="utf-8") as file:
    pieces = json.load(file)

json.dump(
    [
        {"name": one["name"], "language": one["language"], "problem": problem}
        for one in pieces
        for problem in problems_of(one["language"], one["source"])
    ],
    sys.stdout,
)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses what does not fit on a screen: long files, long functions, long lines; and classes of
many functions, each of which is two classes."""
import ast
import re
import sys

import tree

LINES_MAX = {'header': 200, 'source': 400, 'script': 400}
FUNCTION_LINES_MAX = 70
CLASS_FUNCTIONS_MAX = 35
COLUMNS_MAX = 100

# A block whose head begins like this holds declarations, not statements.
CONTAINER = re.compile(r'^(inline\s+)?namespace\b|^extern\s+" *C|^extern\b[^(]*$')
ACCESS = re.compile(r'(\s*(public|private|protected)\s*:)*')
TYPE = re.compile(r'\b(class|struct|union|enum)\b')


def is_container(head):
    """Whether a `{` after `head` opens a scope whose inner blocks may be functions."""
    head = head.strip()
    if CONTAINER.match(head):
        return True
    plain = re.sub(r'template\s*<[^{]*?>\s*(?=class|struct|union)', '', head)
    plain = re.sub(r'(alignas|__attribute__)\s*\(+[^)]*\)+|\[\[.*?\]\]', '', plain)
    return TYPE.search(plain) is not None and '(' not in plain


def functions(code):
    """(first line, last line) of each outermost function in C++ code without comments."""
    code = re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', lambda m: re.sub(r'[^\n]', ' ', m.group(0)),
                  code, flags=re.M)
    open_blocks = []
    inside = 0
    head_from = 0
    for match in re.finditer(r'[{};]', code):
        if match.group(0) == '{':
            head_from += len(ACCESS.match(code, head_from, match.start()).group(0))
            head = code[head_from:match.start()]
            held = inside == 0 and not is_container(head) and '(' in head
            begin = head_from + len(head) - len(head.lstrip())
            open_blocks.append((held, code.count('\n', 0, begin) + 1))
            inside += held
        elif match.group(0) == '}' and open_blocks:
            held, first = open_blocks.pop()
            inside -= held
            if held:
                yield first, code.count('\n', 0, match.start()) + 1
        head_from = match.end()


CLASS = re.compile(r'\b(?:class|struct)\s+(?:alignas\([^)]*\)\s*|\[\[[^]]*\]\]\s*)*(\w+)'
                   r'(?:\s+final)?\s*(?::[^;{(]*)?\{')
# At the beginning of a member that is none of the class's functions.
NO_FUNCTION = re.compile(r'\s*(using|typedef|friend|static_assert|enum|class|struct|union)\b')


def members(body):
    """What stands between the braces of a class, one text for each member, without inner blocks."""
    depth = 0
    member = ''
    for character in body:
        if depth == 0 and character == ';':
            yield member
            member = ''
        elif character == '{':
            depth += 1
        elif character == '}':
            depth -= 1
            if depth == 0:
                if re.search(r'\)[^=]*$', member) and not NO_FUNCTION.match(member):
                    yield member
                    member = ''
                else:
                    member += ' {} '
        elif depth == 0:
            member += character


def is_function(member):
    member = re.sub(ACCESS.pattern, '', member.strip()).strip()
    member = re.sub(r'^(template\s*<[^;]*?>\s*(?=[\w\[:]))', '', member)
    member = re.sub(r'\[\[.*?\]\]|alignas\([^)]*\)|std::function<[^;]*>', '', member)
    member = re.sub(r'\boperator\s*(\(\)|[^\s\w(]+)', 'operator_', member)
    head = re.split(r'[={]', member)[0]
    return bool(re.search(r'\w\s*\(', head)) and not NO_FUNCTION.match(member)


def class_sizes(code):
    """(line, name, functions) of each class; what it declares, not what it inherits."""
    for match in CLASS.finditer(code):
        depth = 1
        end = match.end()
        while depth > 0 and end < len(code):
            depth += {'{': 1, '}': -1}.get(code[end], 0)
            end += 1
        count = sum(is_function(member) for member in members(code[match.end():end - 1]))
        yield code.count('\n', 0, match.start()) + 1, match.group(1), count


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


def check_file(files, path):
    kind = files.kind(path)
    text = files.text(path)
    lines = text.splitlines()
    if len(lines) > LINES_MAX[kind]:
        files.complain(path, LINES_MAX[kind] + 1, f'{len(lines)} lines, {LINES_MAX[kind]} at most')
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            files.complain(path, number, f'{len(line)} columns, {COLUMNS_MAX} at most')
    found = []
    if kind in ('header', 'source'):
        found = functions(tree.code_only(text))
        for line, name, count in class_sizes(tree.code_only(text)):
            if count > CLASS_FUNCTIONS_MAX:
                files.complain(path, line, f'class {name} has {count} functions, '
                               f'{CLASS_FUNCTIONS_MAX} at most: it is two classes')
    elif tree.suffix(path) == '.py' or text.split('\n', 1)[0].endswith('python3'):
        try:
            found = list(python_functions(text))
        except SyntaxError as error:
            files.complain(path, error.lineno or 1, f'no Python: {error.msg}')
    for first, last in found:
        if last - first + 1 > FUNCTION_LINES_MAX:
            files.complain(path, first, f'function of {last - first + 1} lines, '
                           f'{FUNCTION_LINES_MAX} at most')


def main():
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    held = [path for path in files.paths if files.kind(path) in LINES_MAX]
    for path in held:
        check_file(files, path)
    return files.finish(f'{len(held)} files')


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0

"""Libraries of the distribution under the labels of their upstream sources.

pkg_config_repository turns each pkg-config module, and each module that it
requires, into one cc_library holding the module's own static archives, so that
a program links each archive once and needs no shared library; where the
distribution has only a shared library, that is linked. Headers
are the compiler's own system headers: they need no include path and raise no
warnings.
"""

# Parts of the C library or of the compiler; the linker finds them by itself.
_TOOLCHAIN_LIBRARIES = ["atomic", "c", "dl", "m", "pthread", "rt", "stdc++"]

# Archives that an archive needs although pkg-config does not say so.
_UNDECLARED = {
    "icuuc": ["icudata"],
    "xml2": ["icuuc", "z", "lzma"],
}

# The search ends when nothing new is found; Starlark wants a bound.
_MAX_MODULES = 1000

def _pkg_config(ctx, args):
    result = ctx.execute([ctx.which("pkg-config")] + args)
    if result.return_code:
        fail("pkg-config %s: %s" % (" ".join(args), result.stderr))
    return result.stdout

def _required(ctx, module):
    """The modules that `module` names, without their versions."""
    out = _pkg_config(ctx, ["--print-requires", "--print-requires-private", module])
    return depset([line.split(" ")[0] for line in out.splitlines() if line]).to_list()

def _own_libraries(ctx, module):
    """The libraries of `module` itself, without those of what it requires."""

    # Depth 1 is the command line itself, depth 2 the modules on it.
    words = _pkg_config(
        ctx,
        ["--static", "--libs-only-l", "--maximum-traverse-depth=2", module],
    ).split(" ")
    return [w.strip()[2:] for w in words if w.startswith("-l")]

def _library_target(ctx, directory, library):
    """A cc_library of one archive, or of a shared library where only that is."""
    archive = "lib%s.a" % library
    sources, linkopts = [], []
    if ctx.path("%s/%s" % (directory, archive)).exists:
        ctx.symlink("%s/%s" % (directory, archive), "lib/" + archive)
        sources = [archive]
    elif ctx.path("%s/lib%s.so" % (directory, library)).exists:
        linkopts = ["-l" + library]
    else:
        fail("neither %s nor lib%s.so is in %s" % (archive, library, directory))
    return """
cc_library(
    name = "lib_{library}",
    srcs = {sources},
    linkopts = {linkopts},
    linkstatic = True,
    deps = {deps},
)
""".format(
        deps = ["lib_" + name for name in _UNDECLARED.get(library, [])],
        library = library,
        linkopts = linkopts,
        sources = sources,
    )

def _module_target(module, libraries, required):
    own = [name for name in libraries if name not in _TOOLCHAIN_LIBRARIES]
    return """
cc_library(
    name = "{module}",
    linkopts = {linkopts},
    linkstatic = True,
    visibility = ["//visibility:public"],
    deps = {deps},
)
""".format(
        deps = ["lib_" + name for name in own] + required,
        linkopts = [
            "-l" + name
            for name in libraries
            if name in _TOOLCHAIN_LIBRARIES
        ],
        module = module,
    )

def _split_label(label):
    """("absl/status", "status") of "absl/status" or of "absl/status:status"."""
    package, colon, target = label.partition(":")
    return package, target if colon else package.split("/")[-1]

def _pkg_config_repository(ctx):
    multiarch = ctx.execute(["/usr/bin/gcc", "-print-multiarch"]).stdout.strip()
    directory = "/usr/lib/" + multiarch

    wanted = []
    extra_libraries = []
    for names in ctx.attr.targets.values():
        wanted += [name for name in names if not name.startswith("-l")]
        extra_libraries += [name[2:] for name in names if name.startswith("-l")]

    body = ["# Generated from pkg-config by //third_party:pkg_config.bzl."]
    seen = {}
    libraries = {name: True for name in extra_libraries}
    for _ in range(_MAX_MODULES):
        wanted = [name for name in depset(wanted).to_list() if name not in seen]
        if not wanted:
            break
        found = []
        for module in wanted:
            seen[module] = True
            required = _required(ctx, module)
            own = _own_libraries(ctx, module)
            body.append(_module_target(module, own, required))
            found += required
            for name in own:
                if name not in _TOOLCHAIN_LIBRARIES:
                    libraries[name] = True
        wanted = found
    if wanted:
        fail("more than %d modules" % _MAX_MODULES)

    for name in list(libraries):
        for dependency in _UNDECLARED.get(name, []):
            libraries[dependency] = True
            for indirect in _UNDECLARED.get(dependency, []):
                libraries[indirect] = True
    body += [_library_target(ctx, directory, name) for name in libraries]
    for name in extra_libraries:
        body.append(_module_target("-l" + name, [name], []))
    ctx.file("lib/BUILD", "\n".join(body))

    packages = {}
    for label, modules in ctx.attr.targets.items():
        package, target = _split_label(label)
        packages.setdefault(package, []).append("""
cc_library(
    name = "{target}",
    linkstatic = True,
    visibility = ["//visibility:public"],
    deps = {deps},
)
""".format(
            deps = ["//lib:" + module for module in modules],
            target = target,
        ))
    for package, rules in packages.items():
        ctx.file((package + "/" if package else "") + "BUILD", "\n".join(rules))

pkg_config_repository = repository_rule(
    implementation = _pkg_config_repository,
    attrs = {
        "targets": attr.string_list_dict(
            doc = "\"package:target\" -> the pkg-config modules behind it; " +
                  "a name that starts with -l is a library without a module.",
        ),
    },
    doc = "One repository of cc_library targets made from pkg-config modules.",
    local = True,
)

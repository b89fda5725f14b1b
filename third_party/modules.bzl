# SPDX-License-Identifier: Apache-2.0

"""Which pkg-config modules stand behind which upstream labels."""

# repository -> {"package:target": [module or library, ...]}. A name that
# starts with "-l" is a library without a pkg-config module.
MODULES = {
    "com_google_absl": {
        "absl/algorithm:container": ["absl_algorithm_container"],
        "absl/base": ["absl_base"],
        "absl/base:core_headers": ["absl_core_headers"],
        "absl/cleanup": ["absl_cleanup"],
        "absl/container:btree": ["absl_btree"],
        "absl/container:fixed_array": ["absl_fixed_array"],
        "absl/container:flat_hash_map": ["absl_flat_hash_map"],
        "absl/container:flat_hash_set": ["absl_flat_hash_set"],
        "absl/container:inlined_vector": ["absl_inlined_vector"],
        "absl/container:node_hash_map": ["absl_node_hash_map"],
        "absl/debugging:stacktrace": ["absl_stacktrace"],
        "absl/debugging:symbolize": ["absl_symbolize"],
        "absl/functional:any_invocable": ["absl_any_invocable"],
        "absl/functional:bind_front": ["absl_bind_front"],
        "absl/functional:function_ref": ["absl_function_ref"],
        "absl/hash": ["absl_hash"],
        "absl/memory": ["absl_memory"],
        "absl/meta:type_traits": ["absl_type_traits"],
        "absl/numeric:bits": ["absl_bits"],
        "absl/numeric:int128": ["absl_int128"],
        "absl/random": ["absl_random_random"],
        "absl/random:bit_gen_ref": ["absl_random_bit_gen_ref"],
        "absl/status": ["absl_status"],
        "absl/status:statusor": ["absl_statusor"],
        "absl/strings": ["absl_strings"],
        "absl/strings:cord": ["absl_cord"],
        "absl/strings:str_format": ["absl_str_format"],
        "absl/synchronization": ["absl_synchronization"],
        "absl/time": ["absl_time"],
        "absl/types:optional": ["absl_optional"],
        "absl/types:span": ["absl_span"],
        "absl/types:variant": ["absl_variant"],
        "absl/utility": ["absl_utility"],
    },
    "com_google_googletest": {
        # As upstream: :gtest holds gMock too.
        ":gtest": ["gmock", "gtest"],
        ":gtest_main": ["gmock_main", "gmock", "gtest"],
    },
    "com_github_google_benchmark": {
        ":benchmark": ["benchmark"],
        ":benchmark_main": ["benchmark", "-lbenchmark_main"],
    },
    "capstone": {":capstone": ["capstone"]},
    "cli11": {":cli11": ["CLI11"]},
    "elfutils": {":libdw": ["libdw"]},
    "libarchive": {":libarchive": ["libarchive"]},
    "nettle": {":nettle": ["nettle"]},
    "nlohmann_json": {":nlohmann_json": ["nlohmann_json"]},
    "xxhash": {":xxhash": ["libxxhash"]},
    "zstd": {":zstd": ["libzstd"]},
}

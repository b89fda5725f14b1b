// SPDX-License-Identifier: Apache-2.0

#include "emu/completion.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "emu/values.h"

namespace emu {
namespace {

// Filled in: @flags@ options without a value, @values@ those with one, @files@
// those whose value is a path of the host.
constexpr char kBash[] = R"(# bash completion for emu. To use it now and later:
#   emu completion bash > ~/.local/share/bash-completion/completions/emu
_emu() {
  local cur=${COMP_WORDS[COMP_CWORD]} i word ended=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'run completion help --help --version' -- "$cur"))
    return
  fi
  case ${COMP_WORDS[1]} in
    completion)
      COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur"))
      return ;;
    run) ;;
    *) return ;;
  esac
  for ((i = 2; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --) ((i++)); ended=1; break ;;
      @values@) ((i++)) ;;
      -*) ;;
      *) break ;;
    esac
  done
  if ((i > COMP_CWORD)); then
    case ${COMP_WORDS[COMP_CWORD - 1]} in
      @files@) COMPREPLY=($(compgen -f -- "$cur")) ;;
      --time) COMPREPLY=($(compgen -W 'virtual host' -- "$cur")) ;;
    esac
  elif ((i == COMP_CWORD)); then
    if [[ $cur == -* && ! $ended ]]; then
      COMPREPLY=($(compgen -W '@all@' -- "$cur"))
    else
      COMPREPLY=($(compgen -c -- "$cur") $(compgen -f -- "$cur"))
    fi
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _emu emu
)";

constexpr char kZsh[] = R"(#compdef emu
# zsh completion for emu. To use it:
#   emu completion zsh > "${fpath[1]}/_emu"
_emu_run() {
  _arguments -s -S \
@arguments@    '(-):program:_command_names -e' \
    '*::arguments:_normal'
}
_emu() {
  local context state line
  _arguments '1:command:(run completion help)' '*::argument:->rest' \
    '(-)--help[explain]' '(-)--version[print the version]'
  [[ $state == rest ]] || return
  case ${line[1]} in
    run) _emu_run ;;
    completion) _values shell bash zsh fish ;;
  esac
}
compdef _emu emu
)";

constexpr char kFish[] = R"(# fish completion for emu. To use it:
#   emu completion fish > ~/.config/fish/completions/emu.fish
complete -c emu -f
complete -c emu -n __fish_use_subcommand -a run -d 'Run a program'
complete -c emu -n __fish_use_subcommand -a completion -d 'Print a script like this'
complete -c emu -n __fish_use_subcommand -a help -d 'Explain'
complete -c emu -n __fish_use_subcommand -l help -d 'Explain'
complete -c emu -n __fish_use_subcommand -l version -d 'Print the version'
complete -c emu -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
complete -c emu -n '__fish_seen_subcommand_from run' -a '(__fish_complete_subcommand)'
@options@)";

// The first sentence's worth, on one line and without quotes.
std::string Summary(const OptionInfo& option) {
  return absl::StrReplaceAll(option.help, {{"\n", " "},
                                           {"'", ""},
                                           {"[", "("},
                                           {"]", ")"},
                                           {":", ""}});
}

bool TakesFile(const OptionInfo& option) {
  return option.long_name == "root" || option.long_name == "volume";
}

std::vector<std::string> Spellings(const OptionInfo& option) {
  std::vector<std::string> spellings;
  if (!option.short_name.empty()) {
    spellings.push_back(absl::StrCat("-", option.short_name));
  }
  spellings.push_back(absl::StrCat("--", option.long_name));
  return spellings;
}

std::string Bash(const std::vector<OptionInfo>& options) {
  std::vector<std::string> all, values, files;
  for (const OptionInfo& option : options) {
    for (const std::string& spelling : Spellings(option)) {
      all.push_back(spelling);
      if (!option.value.empty()) values.push_back(spelling);
      if (TakesFile(option)) files.push_back(spelling);
    }
  }
  return absl::StrReplaceAll(kBash, {{"@all@", absl::StrJoin(all, " ")},
                                     {"@values@", absl::StrJoin(values, "|")},
                                     {"@files@", absl::StrJoin(files, "|")}});
}

std::string Zsh(const std::vector<OptionInfo>& options) {
  std::string arguments;
  for (const OptionInfo& option : options) {
    for (const std::string& spelling : Spellings(option)) {
      const std::string value =
          option.value.empty()
              ? ""
              : absl::StrCat(":", option.long_name, ":",
                             TakesFile(option) ? "_files" : "");
      absl::StrAppend(&arguments, "    '*", spelling, "[", Summary(option), "]",
                      value, "' \\\n");
    }
  }
  return absl::StrReplaceAll(kZsh, {{"@arguments@", arguments}});
}

std::string Fish(const std::vector<OptionInfo>& options) {
  std::string lines;
  for (const OptionInfo& option : options) {
    absl::StrAppend(&lines,
                    "complete -c emu -n '__fish_seen_subcommand_from run' -l ",
                    option.long_name);
    if (!option.short_name.empty()) {
      absl::StrAppend(&lines, " -s ", option.short_name);
    }
    if (!option.value.empty()) {
      absl::StrAppend(&lines, TakesFile(option) ? " -r -F" : " -x");
    }
    absl::StrAppend(&lines, " -d '", Summary(option), "'\n");
  }
  return absl::StrReplaceAll(kFish, {{"@options@", lines}});
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(
    absl::string_view shell, const std::vector<OptionInfo>& run_options) {
  if (shell == "bash") return Bash(run_options);
  if (shell == "zsh") return Zsh(run_options);
  if (shell == "fish") return Fish(run_options);
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(shell), " is not one of bash, zsh and fish"));
}

}  // namespace emu

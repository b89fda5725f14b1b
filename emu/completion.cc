// SPDX-License-Identifier: Apache-2.0

#include "emu/completion.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "emu/values.h"

namespace emu {
namespace {

// Filled in: @run@, @record@, @verify@ and @replay@ options of these, @values@ those with
// a value, @files@ those whose value is a path of the host; @trace@ the commands of trace,
// @trace_cases@ their options.
constexpr char kBash[] = R"(# bash completion for emu. To use it now and later:
#   emu completion bash > ~/.local/share/bash-completion/completions/emu
_emu() {
  local cur=${COMP_WORDS[COMP_CWORD]} i word ended= options
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'run record replay verify trace completion help --help --version' -- "$cur"))
    return
  fi
  case ${COMP_WORDS[1]} in
    completion)
      COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur"))
      return ;;
    help)
      COMPREPLY=($(compgen -W 'run record replay verify trace completion' -- "$cur"))
      return ;;
    trace)
      if ((COMP_CWORD == 2)); then
        COMPREPLY=($(compgen -W '@trace@ --help' -- "$cur"))
      elif [[ $cur != -* ]]; then
        COMPREPLY=($(compgen -f -- "$cur"))
      else
        case ${COMP_WORDS[2]} in
@trace_cases@        esac
      fi
      return ;;
    replay)
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '@replay@' -- "$cur"))
      else
        COMPREPLY=($(compgen -f -- "$cur"))
      fi
      return ;;
    run) options='@run@' ;;
    record) options='@record@' ;;
    verify) options='@verify@' ;;
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
      --mtime) COMPREPLY=($(compgen -W 'fixed clamp host' -- "$cur")) ;;
    esac
  elif ((i == COMP_CWORD)); then
    if [[ $cur == -* && ! $ended ]]; then
      COMPREPLY=($(compgen -W "$options" -- "$cur"))
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
@run@    '(-):program:_command_names -e' \
    '*::arguments:_normal'
}
_emu_record() {
  _arguments -s -S \
@record@    '(-):program:_command_names -e' \
    '*::arguments:_normal'
}
_emu_verify() {
  _arguments -s -S \
@verify@    '(-):program:_command_names -e' \
    '*::arguments:_normal'
}
_emu_replay() {
  _arguments -s \
@replay@    ':recording:_files'
}
_emu() {
  local context state line
  _arguments '1:command:(run record replay verify trace completion help)' '*::argument:->rest' \
    '(-)--help[explain]' '(-)--version[print the version]'
  [[ $state == rest ]] || return
  case ${line[1]} in
    run) _emu_run ;;
    record) _emu_record ;;
    verify) _emu_verify ;;
    replay) _emu_replay ;;
    trace) _arguments '1:command:(@trace@)' @trace_arguments@\
      '*:recording:_files' ;;
    completion) _values shell bash zsh fish ;;
    help) _values command run record replay verify trace completion ;;
  esac
}
compdef _emu emu
)";

constexpr char kFish[] = R"(# fish completion for emu. To use it:
#   emu completion fish > ~/.config/fish/completions/emu.fish
complete -c emu -f
complete -c emu -n __fish_use_subcommand -a run -d 'Run a program'
complete -c emu -n __fish_use_subcommand -a record -d 'Run it, to happen again'
complete -c emu -n __fish_use_subcommand -a replay -d 'Let it happen again'
complete -c emu -n '__fish_seen_subcommand_from replay' -F
complete -c emu -n __fish_use_subcommand -a verify -d 'See that it always is the same'
complete -c emu -n __fish_use_subcommand -a trace -d 'Look into recordings'
complete -c emu -n '__fish_seen_subcommand_from trace' -a '@trace@'
complete -c emu -n '__fish_seen_subcommand_from trace' -F
@trace_options@complete -c emu -n __fish_use_subcommand -a completion -d 'Print a script like this'
complete -c emu -n __fish_use_subcommand -a help -d 'Explain'
complete -c emu -n __fish_use_subcommand -l help -d 'Explain'
complete -c emu -n __fish_use_subcommand -l version -d 'Print the version'
complete -c emu -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
complete -c emu -n '__fish_seen_subcommand_from help' -a 'run record replay verify trace completion'
complete -c emu -n '__fish_seen_subcommand_from run record verify' -a '(__fish_complete_subcommand)'
@options@)";

// The first sentence's worth, on one line and without quotes.
std::string Summary(const OptionInfo& option) {
  return absl::StrReplaceAll(
      option.help, {{"\n", " "}, {"'", ""}, {"[", "("}, {"]", ")"}, {":", ""}});
}

bool TakesFile(const OptionInfo& option) {
  return option.long_name == "root" || option.long_name == "volume" ||
         option.long_name == "output";
}

std::string TraceNames(const std::vector<TraceCommandInfo>& commands) {
  return absl::StrJoin(commands, " ",
                       [](std::string* to, const TraceCommandInfo& command) {
                         to->append(command.name);
                       });
}

std::string BashTraceCases(const std::vector<TraceCommandInfo>& commands) {
  std::string cases;
  for (const TraceCommandInfo& command : commands) {
    absl::StrAppend(
        &cases, "          ", command.name, ") COMPREPLY=($(compgen -W '",
        absl::StrJoin(command.options, " "), "' -- \"$cur\")) ;;\n");
  }
  return cases;
}

std::string ZshTraceArguments(const std::vector<TraceCommandInfo>& commands) {
  std::set<std::string> options;
  for (const TraceCommandInfo& command : commands) {
    options.insert(command.options.begin(), command.options.end());
  }
  std::string arguments;
  for (const std::string& option : options) {
    absl::StrAppend(&arguments, "'", option,
                    absl::EndsWith(option, "=") ? ":value:" : "", "' ");
  }
  return arguments;
}

std::string FishTraceOptions(const std::vector<TraceCommandInfo>& commands) {
  std::string lines;
  for (const TraceCommandInfo& command : commands) {
    for (absl::string_view option : command.options) {
      const bool value = absl::ConsumeSuffix(&option, "=");
      absl::StrAppend(
          &lines, "complete -c emu -n '__fish_seen_subcommand_from trace; and ",
          "__fish_seen_subcommand_from ", command.name, "' -l ",
          option.substr(2), value ? " -r" : "", "\n");
    }
  }
  return lines;
}

std::vector<std::string> Spellings(const OptionInfo& option) {
  std::vector<std::string> spellings;
  if (!option.short_name.empty()) {
    spellings.push_back(absl::StrCat("-", option.short_name));
  }
  spellings.push_back(absl::StrCat("--", option.long_name));
  return spellings;
}

std::vector<std::string> AllSpellings(const std::vector<OptionInfo>& options) {
  std::vector<std::string> all;
  for (const OptionInfo& option : options) {
    for (std::string& spelling : Spellings(option)) {
      all.push_back(std::move(spelling));
    }
  }
  return all;
}

std::string Bash(const CommandLine& commands) {
  std::vector<std::string> values, files;
  for (const auto* options : {&commands.record, &commands.verify}) {
    for (const OptionInfo& option : *options) {
      for (const std::string& spelling : Spellings(option)) {
        if (!option.value.empty()) values.push_back(spelling);
        if (TakesFile(option)) files.push_back(spelling);
      }
    }
  }
  return absl::StrReplaceAll(
      kBash, {{"@run@", absl::StrJoin(AllSpellings(commands.run), " ")},
              {"@record@", absl::StrJoin(AllSpellings(commands.record), " ")},
              {"@verify@", absl::StrJoin(AllSpellings(commands.verify), " ")},
              {"@replay@", absl::StrJoin(AllSpellings(commands.replay), " ")},
              {"@values@", absl::StrJoin(values, "|")},
              {"@files@", absl::StrJoin(files, "|")},
              {"@trace@", TraceNames(commands.trace)},
              {"@trace_cases@", BashTraceCases(commands.trace)}});
}

std::string ZshArguments(const std::vector<OptionInfo>& options) {
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
  return arguments;
}

std::string Zsh(const CommandLine& commands) {
  return absl::StrReplaceAll(
      kZsh, {{"@run@", ZshArguments(commands.run)},
             {"@record@", ZshArguments(commands.record)},
             {"@verify@", ZshArguments(commands.verify)},
             {"@replay@", ZshArguments(commands.replay)},
             {"@trace@", TraceNames(commands.trace)},
             {"@trace_arguments@", ZshTraceArguments(commands.trace)}});
}

std::string FishOptions(const char* command,
                        const std::vector<OptionInfo>& options) {
  std::string lines;
  for (const OptionInfo& option : options) {
    absl::StrAppend(&lines, "complete -c emu -n '__fish_seen_subcommand_from ",
                    command, "' -l ", option.long_name);
    if (!option.short_name.empty()) {
      absl::StrAppend(&lines, " -s ", option.short_name);
    }
    if (!option.value.empty()) {
      absl::StrAppend(&lines, TakesFile(option) ? " -r -F" : " -x");
    }
    absl::StrAppend(&lines, " -d '", Summary(option), "'\n");
  }
  return lines;
}

std::string Fish(const CommandLine& commands) {
  return absl::StrReplaceAll(
      kFish,
      {{"@options@", absl::StrCat(FishOptions("run", commands.run),
                                  FishOptions("record", commands.record),
                                  FishOptions("verify", commands.verify),
                                  FishOptions("replay", commands.replay))},
       {"@trace@", TraceNames(commands.trace)},
       {"@trace_options@", FishTraceOptions(commands.trace)}});
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(absl::string_view shell,
                                             const CommandLine& commands) {
  if (shell == "bash") return Bash(commands);
  if (shell == "zsh") return Zsh(commands);
  if (shell == "fish") return Fish(commands);
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(shell), " is not one of bash, zsh and fish"));
}

}  // namespace emu

# fish completion for bpctl: `bpctl completions fish`
# Put it at ~/.config/fish/completions/bpctl.fish

function __bpctl_complete
    set -l before (commandline --current-process --tokenize --cut-at-cursor)
    set -l all (commandline --current-process --tokenize)
    set -l word (commandline --current-token --cut-at-cursor)
    set -l after
    # `all` has the word under the cursor as well, unless that is empty.
    set -l seen (math (count $before) + 1)
    test -n "$word"; and set seen (math $seen + 1)
    test $seen -le (count $all); and set after $all[$seen..-1]
    # The bpctl that is being typed, which need not be on PATH.
    set -l program $before[1]
    string match --quiet '~/*' -- $program; and set program $HOME/(string sub --start 3 -- $program)
    command --query -- $program; or set program bpctl
    set -e before[1]
    set -l answer (command $program __complete fish (count $before) $before "$word" $after 2>/dev/null </dev/null)
    test (count $answer) -gt 0; or return
    # Of `--config=FILE`, the shell completes the file alone.
    set -l option (string match --regex -- '^--[^=]*=' "$word")
    set -l path (string replace --regex -- '^--[^=]*=' '' "$word")
    switch $answer[1]
        case files
            for file in (complete --do-complete "'' $path")
                printf '%s\n' "$option$file"
            end
        case directories
            for directory in (__fish_complete_directories "$path" '')
                printf '%s\n' "$option$directory"
            end
        case '*'
            test (count $answer) -gt 1; and printf '%s\n' $answer[2..-1]
    end
end

complete --command bpctl --no-files --keep-order --arguments '(__bpctl_complete)'

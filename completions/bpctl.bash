# bash completion for bpctl: `bpctl completions bash`
# Put it at ~/.local/share/bash-completion/completions/bpctl, or add to ~/.bashrc: source <(bpctl completions bash)

_bpctl() {
    # The bpctl that is being typed, which need not be on PATH; an alias of it is no program, then the one on PATH.
    local program=$1 line=${COMP_LINE-} kind='' candidate
    [[ $program == '~/'* ]] && program=$HOME/${program:2}
    type -P -- "$program" >/dev/null 2>&1 || program=bpctl
    local before=${line:0:${COMP_POINT-0}} after=${line:${COMP_POINT-0}}
    if [[ -z $line ]]; then
        before="${COMP_WORDS[*]:0:COMP_CWORD+1}"
        after="${COMP_WORDS[*]:COMP_CWORD+1}"
    fi
    local word=${2-${COMP_WORDS[COMP_CWORD]}}
    local -a descriptions=()
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ -z $kind ]]; then
            kind=$candidate
        else
            COMPREPLY+=("${candidate%%$'\t'*}")
            descriptions+=("${candidate#*$'\t'}")
        fi
    done < <(command "$program" __complete bash "$before" "$word" "$after" 2>/dev/null </dev/null)
    case $kind in
    files) compopt -o default 2>/dev/null ;;
    directories) compopt -o dirnames 2>/dev/null ;;
    esac
    # A single candidate that wants more to be typed after it.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/,] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    # Where bash lists candidates instead of inserting one (a tab, a second tab, or a tab that lists at once), each is
    # shown with its description, one a line.
    if [[ ${#COMPREPLY[@]} -gt 1 && ${COMP_TYPE-} == @(9|33|63|64) ]]; then
        local place longest=0 width=${COLUMNS:-80}
        for candidate in "${COMPREPLY[@]}"; do
            ((${#candidate} > longest)) && longest=${#candidate}
        done
        for place in "${!COMPREPLY[@]}"; do
            [[ -n ${descriptions[place]} ]] || continue
            printf -v candidate '%-*s  (%s)' "$longest" "${COMPREPLY[place]}" "${descriptions[place]}"
            ((longest + 8 < width)) && candidate=${candidate:0:width-2}
            printf -v 'COMPREPLY[place]' '%-*s' "$((width - 2))" "$candidate"
        done
    fi
    return 0
}

# Bash before 4.4 has no `nosort`.
complete -o bashdefault -o nosort -F _bpctl bpctl 2>/dev/null || complete -o bashdefault -F _bpctl bpctl

# What the scripts for users have in common. They read this file; it runs nothing.

# Runs a command and shows its output only if it fails.
quietly() { # command...
    output=$("$@" 2>&1) || {
        printf '%s\n' "$output" >&2
        return 1
    }
}

asks_for_help() { # argument...
    for argument; do
        case $argument in -h | --help) return 0 ;; esac
    done
    return 1
}

# Prints the comment at the head of the script that runs, which lies in $root/scripts.
show_head() {
    sed -n '2,/^[^#]/{/^# shellcheck/d;s/^# \{0,1\}//p}' "$root/scripts/${0##*/}"
}

# Sanitizers stop at sizes beyond their own limits, where a C library gives NULL. Tests ask for such sizes.
# shellcheck disable=SC2034 # scripts that source this file use it
gives_null=allocator_may_return_null=1

/* One write for each line: the process is a fork of one that may have output of its own. */
#define _POSIX_C_SOURCE 200809L
#include "figure.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void figure(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dprintf(STDOUT_FILENO, "# figure %s\n", text);
}

/* The messages of tapes, for comparisons. */
#ifndef ADZE_TESTS_MESSAGES_H
#define ADZE_TESTS_MESSAGES_H

#include "adze/tape.h"

#include <string.h>

/* The bytes of " at net.c:41"; 0: the text begins otherwise. */
static inline size_t line_at(const char *text)
{
    size_t path = strncmp(text, " at ", 4) == 0 ? strcspn(text + 4, " :") + 4 : 0;
    if (path < 7 || text[path] != ':' || text[path - 2] != '.' || !strchr("ch", text[path - 1]))
        return 0;
    return path + 1 + strspn(text + path + 1, "0123456789");
}

/* The tape's message without source lines, which depend on where the test stands; tape/test_lines.c and
 * misuse look at those. Good until the next call. */
static inline const char *message_of(const ad_tape *t)
{
    static char text[sizeof((ad_error *)0)->text];
    size_t at = 0;
    const char *from = ad_tape_error(t);
    while (*from && at + 1 < sizeof text)
        if (line_at(from))
            from += line_at(from);
        else
            text[at++] = *from++;
    text[at] = '\0';
    return text;
}

#endif

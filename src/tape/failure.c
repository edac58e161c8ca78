/* Entering a tape and leaving it, and the error that sticks. */
#include "tape/failure.h"

#include "array/text.h"
#include "base/message.h"

#include <string.h>

ad_status ad_tape_status(const ad_tape *t)
{
    AD_READING(t, "status", AD_BUSY);
    if (t && t->checks & AD_CHECK_THREADS && ad_guard_broken(&t->guard))
        return AD_BUSY;
    return t ? t->error.status : AD_MISUSE;
}

const char *ad_tape_error(const ad_tape *t)
{
    AD_READING(t, "error", "the tape is in use by another thread");
    if (t && t->checks & AD_CHECK_THREADS && ad_guard_broken(&t->guard))
        return ad_guard_text(&t->guard);
    return t ? t->error.text : "there is no tape";
}

/* "matmul([2, 3], [2, 3]) at net.c:41: reason", where the line is known. */
static void put_message(ad_error *error, const char *message, const char *source_line)
{
    ad_text text = ad_text_in(error->text, sizeof error->text);
    const char *reason = strstr(message, ": ");
    int head = reason ? (int)(reason - message) : (int)strlen(message);
    if (source_line)
        ad_text_add(&text, "%.*s at %s%s", head, message, source_line, message + head);
    else
        ad_text_add(&text, "%s", message);
}

ad_status ad_tape_fail(ad_tape *t, ad_status status, const char *format, ...)
{
    AD_DOOR(t, "fail", AD_BUSY);
    if (!t)
        return AD_MISUSE;
    if (t->error.status != AD_OK || status == AD_OK)
        return t->error.status;
    char message[sizeof t->error.text];
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(message, sizeof message, status, format, arguments);
    va_end(arguments);
    put_message(&t->error, message, ad_tape_source_line(t));
    return t->error.status = status;
}

bool ad_tape_refuses(ad_tape *t, const char *name)
{
    if (t->busy)
        ad_tape_fail(t, AD_BUSY, "%s: the tape is in use by a kernel of %s%s", name, t->busy,
                     t->inner && t->inner->count
                         ? " (tensors that its function needs must be its operands)"
                         : "");
    ad_tape_leave(t);
    return true;
}

bool ad_tape_take_over(ad_tape *t, const char *name)
{
    if (t->checks & AD_CHECK_THREADS && !ad_guard_take(&t->guard, name))
        return false;
    return !t->busy || !ad_tape_refuses(t, name);
}

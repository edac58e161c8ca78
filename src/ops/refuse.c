/* Refusals that show the operands. */
#include "ops/refuse.h"

#include "array/text.h"
#include "base/message.h"

ad_tensor ad_refuse(ad_status status, const char *op, int n, const ad_tensor *x, const char *reason,
                    ...)
{
    char line[sizeof((ad_error *)0)->text], why[256];
    ad_text text = ad_text_in(line, sizeof line);
    int tape = 0;
    ad_text_add(&text, "%s(", op);
    for (int i = 0; i < n; i++) {
        ad_shape shape = x[i].tape ? ad_shape_of(x[i]) : AD_SCALAR;
        ad_text_add(&text, "%s", i ? ", " : "");
        ad_text_add_shape(&text, &shape);
        tape = x[tape].tape ? tape : i;
    }
    va_list arguments;
    va_start(arguments, reason);
    ad_message_write(why, sizeof why, status, reason, arguments);
    va_end(arguments);
    ad_tape_fail(x[tape].tape, status, "%s): %s", line, why);
    return ad_dead(x[tape]);
}

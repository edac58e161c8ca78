/* Files of safetensors with one thing changed. */
#ifndef ADZE_TESTS_REWRITTEN_H
#define ADZE_TESTS_REWRITTEN_H

#include "adze/io/safetensors.h"

#include <check.h>
#include <string.h>

typedef struct change {
    const char *drop;      /* an array that is left out */
    const char *from, *to; /* an array that gets another name */
    const char *name;      /* an array that gets these numbers, or is added */
    ad_view numbers;
    ad_precision precision; /* of these */
    const char *key,
        *value; /* metadata that get this value, or are added; NULL: that are left out */
} change;

/* Writes the file `from` with a change to `to`. */
static inline void rewrite(const char *from, const char *to, const change *c)
{
    enum { MOST = 256 };
    ad_named_view arrays[MOST];
    ad_metadata pairs[MOST];
    int n = 0, m = 0;
    ad_safetensors *file = ad_safetensors_open(from, NULL, NULL);
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < ad_safetensors_count(file); i++) {
        const char *name = ad_safetensors_name(file, i);
        if ((c->drop && strcmp(name, c->drop) == 0) || (c->name && strcmp(name, c->name) == 0))
            continue;
        bool renamed = c->from && strcmp(name, c->from) == 0;
        arrays[n++] =
            (ad_named_view){renamed ? c->to : name, ad_safetensors_view(file, i), AD_FULL};
    }
    if (c->name)
        arrays[n++] = (ad_named_view){c->name, c->numbers, c->precision};
    for (int i = 0; ad_safetensors_pair(file, i).key; i++)
        if (!c->key || strcmp(ad_safetensors_pair(file, i).key, c->key) != 0)
            pairs[m++] = ad_safetensors_pair(file, i);
    if (c->key && c->value)
        pairs[m++] = (ad_metadata){c->key, c->value};
    ad_error error = {AD_OK, ""};
    ck_assert_msg(ad_safetensors_write(to, n, arrays, m, pairs, NULL, &error) == AD_OK, "%s",
                  error.text);
    ad_safetensors_close(file);
}

#endif

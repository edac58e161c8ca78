/* Arrays that are to be written under names. */
#include "io/named.h"

#include "base/memory.h"
#include "io/json.h"
#include "io/serial.h"

#include <stdlib.h>
#include <string.h>

static ad_status check_array(const char *op, const ad_named_view *a, int i, ad_error *error)
{
    char why[400];
    if (!a->name || !ad_is_utf8(a->name))
        return ad_fail(error, AD_MISUSE, "%s: the name of array %d is %s", op, i,
                       a->name ? "not UTF-8" : "NULL");
    ad_status status = ad_serial_flaw(&a->view, a->precision, why, sizeof why);
    if (status != AD_OK)
        return ad_fail(error, status, "%s: array `%.80s`: %s", op, a->name, why);
    return AD_OK;
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static ad_status check_names(const char *op, int n, const ad_named_view *arrays, ad_error *error)
{
    size_t bytes = ad_size_mul((size_t)n, sizeof(char *));
    const char **names = ad_memory_take(NULL, bytes);
    if (!names)
        return ad_fail(error, AD_MEMORY, "%s: no memory for %d names", op, n);
    for (int i = 0; i < n; i++)
        names[i] = arrays[i].name;
    qsort(names, (size_t)n, sizeof *names, by_name);
    ad_status status = AD_OK;
    for (int i = 1; i < n && status == AD_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = ad_fail(error, AD_MISUSE, "%s: there are two arrays `%.80s`", op, names[i]);
    ad_memory_give(NULL, (void *)names, bytes);
    return status;
}

ad_status ad_named_check(const char *op, int n, const ad_named_view *arrays, ad_error *error)
{
    if (n < 0 || (n > 0 && !arrays))
        return ad_fail(error, AD_MISUSE, "%s: %s", op,
                       n < 0 ? "a count is negative" : "the list of arrays is NULL");
    ad_status status = AD_OK;
    for (int i = 0; i < n && status == AD_OK; i++)
        status = check_array(op, &arrays[i], i, error);
    return status == AD_OK ? check_names(op, n, arrays, error) : status;
}

ad_stored ad_named_stored(const ad_named_view *a)
{
    return ad_serial_stored(a->view.type, a->precision);
}

size_t ad_named_bytes(const ad_named_view *a)
{
    return ad_serial_bytes(&a->view, ad_named_stored(a));
}

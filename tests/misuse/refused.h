/* Functions that make something, and refuse. */
#ifndef ADZE_TESTS_MISUSE_REFUSED_H
#define ADZE_TESTS_MISUSE_REFUSED_H

#include "misuse.h"

/* Nothing was made, for this reason. Clears the error. */
static inline void refused_for(const void *made, ad_error *error, ad_status status)
{
    ck_assert_ptr_null(made);
    ck_assert_msg(error->status == status, "%s", error->text);
    ck_assert_str_ne(error->text, "");
    *error = (ad_error){AD_OK, ""};
}

static inline void refused(const void *made, ad_error *error)
{
    refused_for(made, error, AD_MISUSE);
}

#endif

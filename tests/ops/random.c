/* Random numbers. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "random.c"
#define FAMILY random_rows
#include "rows.h"

#define KEY ad_key_new(5)

#include "read_rows.h"
#else

/* clang-format off */
OP(ad_dropout)
CASE(dropout, ad_dropout(x[0], 0.5, KEY), ON(S(2, 3, 4)), .linear = true)
CASE(dropout_of_blocks, ad_dropout(x[0], 0.2, KEY), ON(S(33, 16)), .linear = true)
CASE(dropout_all, ad_dropout(x[0], 1, KEY), ON(S(3)), .linear = true)
CASE(dropout_none, ad_dropout(x[0], 0, KEY), ON(S(2, 3)), .linear = true)
CASE(dropout_a_number, ad_dropout(x[0], 0.25, KEY), ON(NUMBER), .linear = true)
CASE(dropout_nothing, ad_dropout(x[0], 0.5, KEY), ON(S(0, 3)), .linear = true)
CASE(dropout_of_a_view, ad_dropout(ad_transpose(x[0]), 0.5, KEY), ON(S(2, 5)), .linear = true)
CASE(dropout_twice,
    ad_mul(ad_dropout(x[0], 0.5, KEY), ad_dropout(x[0], 0.25, ad_key_split(KEY, 1))), ON(S(9)))
CASE(noise_added,
    ad_dropout(ad_mul(x[0], ad_normal(t, ad_read(x[0]).type, AD_SHAPE(3), 0, 1, KEY)), 0.3, KEY),
    ON(S(2, 3)), .linear = true)
GRAPH(ad_dropout(*x, 0.25, ad_key_new(choice)))
CALL(dropout, ad_dropout(o[A], 0.5, ad_key_new(1)), .uses = BIT(A))
BAD(dropout, ad_dropout(o[A], NAN, ad_key_new(1)), AD_DOMAIN)
BAD(dropout, ad_dropout(o[A], -0.5, ad_key_new(1)), AD_DOMAIN)
/* clang-format on */
#endif

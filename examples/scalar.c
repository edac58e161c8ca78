/* A first program: derivatives of functions of numbers. */
#include "common.h"

#include <stdio.h>

static ad_tensor square(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(x[0], x[0]);
}

static ad_tensor do_thing(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor q = square(t, x, env);
    return ad_add(ad_sin(q), ad_cos(q));
}

int main(int argc, char **argv)
{
    settings none = {0};
    read_options(argc, argv, "", &none);
    for (int i = 0; i < 10; i++)
        printf("d(x*x)/dx at %.1f is %.17g\n", 0.1 * i, ad_derivative(square, 0.1 * i, NULL));
    printf("d(sin(x*x) + cos(x*x))/dx at 3.14 is %.15g\n", ad_derivative(do_thing, 3.14, NULL));

    /* The same in f32; and for that, what happens within: a leaf, a formula, a sweep. */
    const float at = 3.14f;
    ad_tape *tape = ad_tape_new(NULL);
    ad_tensor x = ad_watch(tape, AD_VIEW_SCALAR(&at));
    ad_status status = ad_backward(do_thing(tape, &x, NULL));
    ad_view slope = ad_grad(x);
    if (status == AD_OK)
        printf("in f32: %.9g\n", ad_view_get(&slope, 0));
    else
        fprintf(stderr, "error: %s\n", ad_tape_error(tape));
    ad_tape_free(tape);
    return status == AD_OK ? 0 : 1;
}

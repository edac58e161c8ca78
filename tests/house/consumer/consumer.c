/* A program that knows adze only as installed: d/dx mean(x^2) = 2 x / n. */
#include <adze.h>

#include <stdio.h>

int main(void)
{
    const double numbers[] = {1, 2, 3, 4};
    ad_tape *tape = ad_tape_new(NULL);
    ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 4));
    ad_tensor y = ad_mean(ad_square(x));
    if (ad_backward(y) != AD_OK)
        return fprintf(stderr, "%s\n", ad_tape_error(tape)), 1;
    ad_view gradient = ad_grad(x);
    printf("%g:", ad_item(y));
    for (size_t i = 0; i < ad_view_count(&gradient); i++)
        printf(" %g", ad_view_get(&gradient, i));
    printf("\n");
    ad_tape_free(tape);
}

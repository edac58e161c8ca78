/* Running a kernel, by whole vectors of each instruction set in turn; and the plainest kernels, which complete
 * the others: a number itself, or in the other float type. */
#include "kernels/kernel.h"

#include "kernels/runs.h"

AD_ADDING_KERNEL(itself_f32, float, AD_IN(float, 0))
AD_ADDING_KERNEL(itself_f64, double, AD_IN(double, 0))
const ad_blocks ad_itself = AD_ADDING_BLOCKS(itself);

AD_ADDING_KERNEL(widened, double, (double)AD_IN(float, 0))
AD_ADDING_KERNEL(narrowed, float, (float)AD_IN(double, 0))
const ad_kernel ad_widened = AD_ADDING(widened), ad_narrowed = AD_ADDING(narrowed);

enum { FEW = 32 }; /* bytes: less than a vector of the wide instruction sets */

/* out[i] += ..., by way of numbers of their own; for few. */
static void add_few(const ad_kernel *kernel, size_t size, size_t from, size_t n,
                    const void *const *in, void *out)
{
    union {
        float f32[FEW / sizeof(float)];
        double f64[FEW / sizeof(double)];
    } more;
    kernel->of[0](from, n, in, &more);
    for (size_t i = 0; i < n; i++)
        if (size == sizeof(float))
            ((float *)out)[i] += more.f32[i];
        else
            ((double *)out)[i] += more.f64[i];
}

/* The same for any number. */
static AD_APART void add_apart(const ad_kernel *kernel, ad_isa isa, size_t size, size_t from,
                               size_t n, const void *const *in, char *out)
{
    double room[AD_RUN];
    const void *results = room;
    const ad_kernel *itself = &ad_itself.of[size == sizeof(float) ? AD_F32 : AD_F64];
    for (size_t at = 0, some; at < n; at += some) {
        some = n - at < AD_RUN ? n - at : AD_RUN;
        ad_kernel_run(kernel, isa, size, from + at, some, in, room, false);
        ad_kernel_run(itself, isa, size, 0, some, &results, out + at * size, true);
    }
}

void ad_kernel_run_parts(const ad_kernel *kernel, ad_isa isa, size_t size, size_t from, size_t n,
                         const void *const *in, void *out, bool add)
{
    const size_t least = size == sizeof(float)    ? 4
                         : size == sizeof(double) ? 2
                                                  : 16; /* in a vector */
    ad_block *const *block = add ? kernel->add : kernel->of;
    char *to = out;
    if (add && !kernel->add[0]) {
        if (n * size < FEW)
            add_few(kernel, size, from, n, in, out);
        else
            add_apart(kernel, isa, size, from, n, in, out);
        return;
    }
    for (int set = (int)isa; set > 0 && n >= 2 * least; set--) {
        size_t whole = n & ~((least << set) - 1);
        if (whole == 0)
            continue;
        block[set](from, whole, in, to);
        from += whole;
        to += whole * size;
        n -= whole;
    }
    if (n > 0)
        block[0](from, n, in, to);
}

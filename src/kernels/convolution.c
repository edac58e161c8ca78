/* Convolutions: which way a product goes. */
#include "kernels/convolution.h"

#include "kernels/convolution_lines.h"

#include <string.h>

#define KERNEL_F32(isa) [AD_ISA_##isa] = &ad_convolution_f32_##isa,
#define KERNEL_F64(isa) [AD_ISA_##isa] = &ad_convolution_f64_##isa,

static const ad_convolution_kernel *kernel_for(const ad_workspace *work, ad_type type)
{
    static const ad_convolution_kernel *const kernels[2][AD_ISA_COUNT] = {
        {AD_ISA_LIST(KERNEL_F32)}, {AD_ISA_LIST(KERNEL_F64)}};
    return kernels[type][ad_work_isa(work)];
}

/* ---- extents ----------------------------------------------------------------------------- */

static int64_t count_big(const ad_convolution_form *f)
{
    int64_t n = f->images * f->groups * f->big_channels;
    for (int k = 0; k < AD_SPACE; k++)
        n *= f->axis[k].big;
    return n;
}

static int64_t count_small(const ad_convolution_form *f)
{
    int64_t n = f->images * f->groups * f->small_channels;
    for (int k = 0; k < AD_SPACE; k++)
        n *= f->axis[k].small;
    return n;
}

static int64_t count_filters(const ad_convolution_form *f)
{
    int64_t n = f->groups * f->big_channels * f->small_channels;
    for (int k = 0; k < AD_SPACE; k++)
        n *= f->axis[k].taps;
    return n;
}

/* Whether there is a product to be made. If not, the result is zeros. */
static bool has_terms(const ad_convolution_form *f, bool add, void *result, int64_t numbers)
{
    if (count_big(f) > 0 && count_small(f) > 0 && count_filters(f) > 0)
        return true;
    if (!add && numbers > 0)
        memset(result, 0, (size_t)numbers * ad_type_size(f->type));
    return false;
}

/* ---- one tap: a product of matrices --------------------------------------------------------- */

static bool is_matrix_product(const ad_convolution_form *f)
{
    for (int k = 0; k < AD_SPACE; k++) {
        const ad_window *w = &f->axis[k];
        if (w->taps != 1 || w->stride != 1 || w->before != 0 || w->big != w->small)
            return false;
    }
    return f->groups == 1;
}

static ad_matrix pixels(const void *data, int64_t numbers, int64_t channels)
{
    return (ad_matrix){data, numbers / channels, channels, channels, 1};
}

static ad_matrix filters_to_small(const ad_convolution_form *f, const void *filters)
{
    return (ad_matrix){filters, f->big_channels, f->small_channels, f->big_step, f->small_step};
}

/* ---- the products ---------------------------------------------------------------------------- */

void ad_convolve_to_small(ad_workspace *work, const ad_convolution_form *f, const void *big,
                          const void *filters, bool add, void *small, const ad_epilogue *then)
{
    int64_t numbers = count_small(f);
    if (!has_terms(f, add, small, numbers)) {
        if (then && numbers > 0)
            then->run(then->user, 0, numbers / f->groups / f->small_channels);
        return;
    }
    if (is_matrix_product(f)) {
        ad_gemm(work, f->type, pixels(big, count_big(f), f->big_channels),
                filters_to_small(f, filters), add, small, then);
        return;
    }
    ad_pixel_product l = {f, kernel_for(work, f->type), false, big, filters, small, add, then};
    ad_convolve_lines(work, &l);
}

void ad_convolve_to_big(ad_workspace *work, const ad_convolution_form *f, const void *small,
                        const void *filters, bool add, void *big)
{
    if (!has_terms(f, add, big, count_big(f)))
        return;
    if (is_matrix_product(f)) {
        ad_gemm(work, f->type, pixels(small, count_small(f), f->small_channels),
                ad_matrix_transposed(filters_to_small(f, filters)), add, big, NULL);
        return;
    }
    ad_pixel_product l = {f, kernel_for(work, f->type), true, small, filters, big, add, NULL};
    ad_convolve_lines(work, &l);
}

void ad_convolve_to_filters(ad_workspace *work, const ad_convolution_form *f, const void *big,
                            const void *small, bool add, void *filters)
{
    if (!has_terms(f, add, filters, count_filters(f)))
        return;
    if (is_matrix_product(f)) {
        ad_matrix a = pixels(big, count_big(f), f->big_channels);
        ad_matrix b = pixels(small, count_small(f), f->small_channels);
        bool turned = f->small_step != 1; /* filters lie [small, big] */
        ad_gemm(work, f->type, ad_matrix_transposed(turned ? b : a), turned ? a : b, add, filters,
                NULL);
        return;
    }
    ad_filter_product l = {f, kernel_for(work, f->type), big, small, filters, add};
    ad_convolve_filters(work, &l);
}

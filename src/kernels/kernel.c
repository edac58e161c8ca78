/* The plainest kernels, which all others are completed by: a number itself, or in the other float type; and
 * adding the results of a kernel that only assigns. */
#include "kernels/kernel.h"

#include "kernels/runs.h"

AD_ADDING_KERNEL(itself_f32, float, AD_IN(float, 0))
AD_ADDING_KERNEL(itself_f64, double, AD_IN(double, 0))
const ad_blocks ad_itself = AD_ADDING_BLOCKS(itself);

AD_ADDING_KERNEL(widened, double, (double)AD_IN(float, 0))
AD_ADDING_KERNEL(narrowed, float, (float)AD_IN(double, 0))
const ad_kernel ad_widened = AD_ADDING(widened), ad_narrowed = AD_ADDING(narrowed);

void ad_kernel_add(const ad_kernel *kernel, ad_isa isa, size_t size, size_t from, size_t n,
                   const void *const *in, void *out)
{
    double room[AD_RUN];
    const void *results = room;
    const ad_kernel *itself = &ad_itself.of[size == sizeof(float) ? AD_F32 : AD_F64];
    for (size_t at = 0, some; at < n; at += some) {
        some = n - at < AD_RUN ? n - at : AD_RUN;
        ad_kernel_run(kernel, isa, size, from + at, some, in, room, false);
        ad_kernel_run(itself, isa, size, 0, some, &results, (char *)out + at * size, true);
    }
}

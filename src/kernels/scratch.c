/* Arrays in scratch memory. */
#include "adze/kernels.h"
#include "base/workspace.h"

ad_array ad_scratch_array(ad_workspace *work, ad_type type, ad_shape shape)
{
    size_t count;
    ad_array a = {NULL, type, shape, NULL};
    ad_status status = ad_shape_count(&shape, &count);
    if (status == AD_OK && ad_type_size(type) == 0)
        status = AD_BAD_TYPE;
    if (status == AD_OK)
        a.data = ad_scratch(work, count ? count * ad_type_size(type) : 1);
    else
        ad_reject(work, status, "ad_scratch_array: %s", ad_status_text(status));
    return a;
}

/* The version of the library that runs. */
#include "adze/version.h"

int ad_version(void)
{
    return AD_VERSION;
}

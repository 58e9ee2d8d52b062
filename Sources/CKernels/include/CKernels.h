// Everything this module gives to Swift.
#include "kernels.h"
#include "winograd.h"
#include "convolution.h"
#include "functions.h"

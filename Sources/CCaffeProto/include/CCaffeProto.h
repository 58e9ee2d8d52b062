#include "caffe.pb-c.h"

/// Caffe's generator.
public final class RandomStream {
}

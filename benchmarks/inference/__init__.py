"""What an answer costs on each runtime: Keras, ONNX Runtime, int8."""

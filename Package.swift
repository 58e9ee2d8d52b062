// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]
let warnings: [CSetting] = [.enableWarning("all"), .treatAllWarnings(as: .error)]

func system(_ name: String, _ pkgConfig: String?, _ package: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

func swift(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"],
    exclude: ["ParityTests", "StorageTests", "DatasetTests"].contains(name) ? ["Fixtures"] : [],
    resources: resources, swiftSettings: strict)
}

let package = Package(
  name: "crema",
  products: [
    .library(name: "Crema", targets: ["Crema", "CremaConvert", "Prototxt"]),
    .executable(name: "crema", targets: ["CremaCommand"]),
  ],
  dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")],
  targets: [
    system("CProtobufC", "libprotobuf-c", "libprotobuf-c-dev"),
    system("COpenBLAS", "openblas", "libopenblas-dev"),
    system("CLMDB", "lmdb", "liblmdb-dev"),
    system("CHDF5", "hdf5", "libhdf5-dev"),
    system("CPNG", "libpng", "libpng-dev"),
    system("CJPEG", "libjpeg", "libjpeg62-turbo-dev"),
    system("COpenJPEG", "libopenjp2", "libopenjp2-7-dev"),
    system("CLevelDB", nil, "libleveldb-dev"),
    system("CCairo", "cairo", "libcairo2-dev"),
    .target(name: "CCaffeProto", dependencies: ["CProtobufC"], exclude: ["caffe.proto"]),
    .target(name: "CKernels", cSettings: warnings),
    .target(name: "CImages", dependencies: ["CPNG", "CJPEG", "COpenJPEG"], cSettings: warnings),
    swift("LMDB", ["CLMDB"]),
    swift("LevelDB", ["CLevelDB"]),
    swift("HDF5", ["CHDF5"]),
    swift("Images", ["CImages"]),
    swift("Prototxt", ["CProtobufC"]),
    swift("Crema", ["Prototxt", "LMDB", "LevelDB", "HDF5", "Images", "CCaffeProto", "CKernels", "COpenBLAS"]),
    swift("CremaConvert", ["Crema"]),
    swift("Charts", ["CCairo"]),
    swift("Evaluation", ["Crema", "Charts"]),
    swift("Datasets", ["Crema", "Images"]),
    swift("Scenes", ["Images"]),
    .executableTarget(
      name: "CremaCommand",
      dependencies: [
        "Crema", "CremaConvert", "Datasets", "Evaluation", "Charts", "HDF5", "Images", "LMDB", "Scenes",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    .target(name: "TestSupport", dependencies: ["Crema"], path: "Tests/TestSupport", swiftSettings: strict),
    tests("PrototxtTests", ["Prototxt", "CCaffeProto"], resources: [.copy("Fixtures")]),
    tests("StorageTests", ["LMDB", "LevelDB", "HDF5", "Images"]),
    tests("CremaTests", ["Crema", "CKernels", "Scenes"]),
    tests("ParityTests", ["Crema", "CremaConvert"]),
    tests("DatasetTests", ["Datasets", "Images", "Crema"]),
    tests("EvaluationTests", ["Evaluation", "Charts", "Images"]),
    tests("ConvertTests", ["Crema", "CremaConvert"]),
    tests("CommandTests", ["CremaCommand", "LMDB", "LevelDB", "Images"]),
  ],
  swiftLanguageModes: [.v6]
)

print("crema")
